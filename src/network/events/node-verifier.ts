/**
 * Ed25519 by Node's own crypto, on the threads of libuv: a flood of signatures does not hold up the event loop. A lone signature is
 * checked at once, within a budget: to wake a sleeping thread and be woken by it costs as much again. Making a key out of 32 bytes
 * costs half a verification, so keys are kept.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type Clock, LruMap } from '../../base/index.ts'
import type { Verify } from '../../wire/index.ts'

/** More authors than a network of operators has; a flood of invented keys turns it over without harm. */
const KEYS_MAX = 4_096
/** RFC 8410: what stands before the 32 bytes in DER. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Checks on the event loop in a second: at 0.1 ms each it is held up for a hundredth of it. */
const LONE_PER_SECOND = 100

/**
 * Plain verification; whether key and signature are in the one encoding that counts has been checked before.
 *
 * @param clock without it every signature goes to the threads
 */
export function createNodeVerifier(clock?: Pick<Clock, 'monotonicMs'>): Verify {
  const lone = { sinceMs: Number.NEGATIVE_INFINITY, count: 0 }
  let running = 0
  const isLone = () => {
    if (running > 0 || clock === undefined) return false
    const nowMs = clock.monotonicMs()
    if (nowMs - lone.sinceMs >= 1_000) {
      lone.sinceMs = nowMs
      lone.count = 0
    }
    return ++lone.count <= LONE_PER_SECOND
  }
  const keys = new LruMap<string, KeyObject>(KEYS_MAX)
  return (key, data, signature) => {
    const name = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
    // Not marked as used: that would cost more than it saves, and the oldest key is made again when it comes.
    let object = keys.peek(name)
    if (object === undefined) {
      try {
        object = createPublicKey({
          key: Buffer.concat([SPKI_PREFIX, key]),
          format: 'der',
          type: 'spki'
        })
      } catch {
        // No point of the curve.
        return Promise.resolve(false)
      }
      keys.set(name, object)
    }
    const known = object
    if (isLone()) return verifyNow(data, known, signature)
    running++
    return new Promise((resolve, reject) => {
      verify(null, data, known, signature, (error, isValid) => {
        running--
        if (error === null) resolve(isValid)
        else reject(error)
      })
    })
  }
}

async function verifyNow(
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array
): Promise<boolean> {
  return verify(null, data, key, signature)
}
