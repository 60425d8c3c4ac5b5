/**
 * Ed25519 by Node's own crypto, on the threads of libuv: a flood of signatures does not hold up the event loop. Making a key out of
 * 32 bytes costs half a verification, so keys are kept.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { LruMap } from '../../base/index.ts'
import type { Verify } from '../../wire/index.ts'

/** More authors than a network of operators has; a flood of invented keys turns it over without harm. */
const KEYS_MAX = 4_096
/** RFC 8410: what stands before the 32 bytes in DER. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Plain verification; whether key and signature are in the one encoding that counts has been checked before. */
export function createNodeVerifier(): Verify {
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
    return new Promise((resolve, reject) => {
      verify(null, data, known, signature, (error, isValid) => {
        if (error === null) resolve(isValid)
        else reject(error)
      })
    })
  }
}
