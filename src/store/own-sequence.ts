/**
 * The numbers of this node's own events. A number must never come twice: two events with one number are the proof of a liar,
 * and the whole network would hold it against this node for a month. Three guards, since the operator may restore a backup:
 *
 * 1. Numbers are reserved in blocks in a file beside the key, flushed before the first of a block is used. The database may be
 *    of yesterday, or gone: counting goes on where the file ends.
 * 2. A start counts on from the time in milliseconds if that is more. So it jumps over everything that was used before, even if
 *    file and database are both of yesterday: no node makes a thousand events a second for long.
 * 3. What comes back from others under this node's own key is learned; that catches a clock which is wrong as well.
 */
import { readFileSync } from 'node:fs'
import { type Clock, hexOf, messageOf } from '../base/index.ts'
import { replaceFileSync } from './atomic-file.ts'
import { isSystemError } from './data-directory.ts'
import { StorageError, translateFileError } from './errors.ts'

/** About a day of a busy node: the file is written seldom, and a crash leaves a gap of one range at most. */
const BLOCK = 256n
const FORMAT = 1

export interface OwnSequenceOptions {
  /** Beside the key. */
  readonly file: string
  /** The highest number of an own event in the database, if there is one. */
  highestKept(network: Uint8Array): bigint | undefined
}

interface Reservation {
  next: bigint
  end: bigint
}

export class OwnSequence {
  readonly #options: OwnSequenceOptions
  readonly #clock: Clock
  readonly #ends: Map<string, bigint>
  readonly #reserved = new Map<string, Reservation>()

  /** @throws {SECRET_FILE_UNUSABLE} if the file cannot be read: to start without it could repeat a number */
  constructor(options: OwnSequenceOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#ends = readEnds(options.file)
  }

  /** A number that no event of this node ever had. @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED} */
  next(network: Uint8Array): bigint {
    const reservation = this.#reservationOf(network)
    if (reservation.next >= reservation.end) this.#extend(network, reservation)
    const seq = reservation.next
    reservation.next += 1n
    return seq
  }

  /** A number that an event under this node's key has: it came back from others, or another node has the same key. */
  learn(network: Uint8Array, seq: bigint): void {
    const reservation = this.#reservationOf(network)
    if (seq < reservation.next) return
    reservation.next = seq + 1n
  }

  #reservationOf(network: Uint8Array): Reservation {
    const key = hexOf(network)
    const known = this.#reserved.get(key)
    if (known !== undefined) return known
    const kept = this.#options.highestKept(network)
    const next = greatest([
      1n,
      this.#ends.get(key) ?? 0n,
      kept === undefined ? 0n : kept + 1n,
      BigInt(Math.max(0, Math.floor(this.#clock.nowMs())))
    ])
    const reservation = { next, end: next }
    this.#reserved.set(key, reservation)
    return reservation
  }

  #extend(network: Uint8Array, reservation: Reservation): void {
    const end = reservation.next + BLOCK
    const ends = new Map(this.#ends).set(hexOf(network), end)
    const networks = Object.fromEntries([...ends].map(([key, value]) => [key, value.toString()]))
    replaceFileSync(this.#options.file, `${JSON.stringify({ format: FORMAT, networks })}\n`)
    this.#ends.set(hexOf(network), end)
    reservation.end = end
  }
}

function readEnds(file: string): Map<string, bigint> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return new Map()
    throw translateFileError(error, file)
  }
  try {
    const parsed: unknown = JSON.parse(text)
    return endsOf(parsed)
  } catch (cause) {
    throw new StorageError(
      'SECRET_FILE_UNUSABLE',
      `expected the numbers that are reserved for this node's events in ${file}, got ${messageOf(cause)}: remove it if the clock is right, counting then goes on from the time`,
      { context: { path: file }, cause }
    )
  }
}

function endsOf(parsed: unknown): Map<string, bigint> {
  const isObject = typeof parsed === 'object' && parsed !== null
  if (!isObject || !('format' in parsed) || parsed.format !== FORMAT || !('networks' in parsed)) {
    throw new Error('another format')
  }
  const { networks } = parsed
  if (typeof networks !== 'object' || networks === null) throw new Error('no networks')
  return new Map(
    Object.entries(networks).map(([key, value]) => {
      if (typeof value !== 'string' || !/^\d{1,19}$/.test(value)) throw new Error('no number')
      return [key, BigInt(value)]
    })
  )
}

function greatest(numbers: readonly bigint[]): bigint {
  let most = 0n
  for (const number of numbers) if (number > most) most = number
  return most
}
