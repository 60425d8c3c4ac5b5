/**
 * Which prefixes stand against an address: a compact index of prefixes of both families, each with its end and a number that says
 * whence it comes. A million IPv4 addresses take 13 MB. One prefix may be there several times, under different handles. Pure: it
 * decides nothing, and knows the time only as it is told.
 */
import { type AddressText, getPrefix, type Prefix, type PrefixText } from '../base/index.ts'
import { NO_END_S, REMOVED, WORD_MIN } from './prefix-chunk.ts'
import type { PrefixKey } from './prefix-key.ts'
import { PrefixTable } from './prefix-table.ts'

/** What a handle may be at most: 32 bits less the mark of removed entries. */
export const HANDLE_MAX = REMOVED - 1

export interface IndexEntry {
  /** Host bits are cleared. */
  readonly prefix: PrefixText
  /** Kept in whole seconds, rounded up; what ends after 2106 has no end here. */
  readonly untilMs: number
  /** 0 to `HANDLE_MAX`: whose entry it is, in the caller's own numbering. */
  readonly handle: number
}

export class BlocklistIndex {
  readonly #ipv4 = new PrefixTable(1)
  readonly #ipv6 = new PrefixTable(4)
  readonly #ipv4Words = new Int32Array(1)
  readonly #ipv4Key: PrefixKey = { words: this.#ipv4Words, length: 32 }

  get size(): number {
    return this.#ipv4.size + this.#ipv6.size
  }

  /** What the entries take up, the room for new ones included. */
  get bytes(): number {
    return this.#ipv4.bytes + this.#ipv6.bytes
  }

  get isMerging(): boolean {
    return this.#ipv4.isMerging || this.#ipv6.isMerging
  }

  /** Adds an entry, or moves the end of the one of this prefix and handle. @throws {ADDRESS_INVALID} */
  add({ prefix, untilMs, handle }: IndexEntry): void {
    const key = this.#keyOf(prefix)
    this.#tableOf(key).add(key, endOf(untilMs), handle)
  }

  /** False if there was none. @throws {ADDRESS_INVALID} */
  remove(prefix: PrefixText, handle: number): boolean {
    const key = this.#keyOf(prefix)
    return this.#tableOf(key).remove(key, handle)
  }

  /** @throws {ADDRESS_INVALID} */
  has(prefix: PrefixText, handle: number): boolean {
    const key = this.#keyOf(prefix)
    return this.#tableOf(key).has(key, handle)
  }

  /** Handle of the longest prefix in force that contains the address; undefined if none does. @throws {ADDRESS_INVALID} */
  findLongest(address: AddressText, atMs: number): number | undefined {
    const { words } = this.#keyOf(address)
    const table = words.length === 1 ? this.#ipv4 : this.#ipv6
    const handle = table.find(words, secondOf(atMs))
    return handle === REMOVED ? undefined : handle
  }

  /** Handles of all prefixes in force that contain the address, longest first. @throws {ADDRESS_INVALID} */
  covering(address: AddressText, atMs: number): readonly number[] {
    const { words } = this.#keyOf(address)
    const found: number[] = []
    const table = words.length === 1 ? this.#ipv4 : this.#ipv6
    table.find(words, secondOf(atMs), found)
    return found
  }

  /** Handles of all entries, ended or not, that contain the prefix or lie in it; one handle may come several times. @throws {ADDRESS_INVALID} */
  overlapping(prefix: PrefixText): readonly number[] {
    const key = this.#keyOf(prefix)
    return this.#tableOf(key).overlapping(key)
  }

  /**
   * Begins to drop what ended by then and what was removed. The work is done by `work`, and in passing by additions; nothing
   * needs it for right answers.
   */
  startRebuild(atMs: number): void {
    this.#ipv4.startMerge(secondOf(atMs))
    this.#ipv6.startMerge(secondOf(atMs))
  }

  /** Goes on with a rebuild for about so many entries. @returns whether there is more to do */
  work(entries: number): boolean {
    this.#ipv4.work(entries)
    this.#ipv6.work(entries)
    return this.isMerging
  }

  #tableOf(key: PrefixKey): PrefixTable {
    return key.words.length === 1 ? this.#ipv4 : this.#ipv6
  }

  /** The key of an IPv4 text lives until the next call. */
  #keyOf(text: string): PrefixKey {
    const length = readIpv4(text, this.#ipv4Words)
    if (length >= 0) {
      this.#ipv4Key.length = length
      return this.#ipv4Key
    }
    return keyOfPrefix(getPrefix(text))
  }
}

function keyOfPrefix(prefix: Prefix): PrefixKey {
  const bytes = Uint8Array.from(prefix.bits.toByteArray())
  const view = new DataView(bytes.buffer)
  const words = new Int32Array(bytes.length / 4)
  for (let word = 0; word < words.length; word++) {
    words[word] = view.getInt32(word * 4) ^ WORD_MIN
  }
  return { words, length: prefix.length }
}

function endOf(untilMs: number): number {
  const untilS = Math.ceil(untilMs / 1_000)
  return untilS >= NO_END_S ? NO_END_S : Math.max(0, untilS)
}

function secondOf(atMs: number): number {
  return Math.min(NO_END_S - 1, Math.floor(atMs / 1_000))
}

/**
 * Reads `a.b.c.d` or `a.b.c.d/length` without host bits into one word. Written by hand, since every log line asks.
 *
 * @returns the length, or -1 where the text is anything else: the thorough reader says what it is
 */
function readIpv4(text: string, into: Int32Array): number {
  let address = 0
  let part = -1
  let dots = 0
  let at = 0
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 46) {
      if (part < 0 || ++dots > 3) return -1
      address = (address << 8) | part
      part = -1
    } else if (code >= 48 && code <= 57 && part !== 0) {
      part = (part < 0 ? 0 : part * 10) + code - 48
      if (part > 255) return -1
    } else break
  }
  if (dots !== 3 || part < 0) return -1
  address = (address << 8) | part
  into[0] = address ^ WORD_MIN
  if (at === text.length) return 32
  const length = readLength(text, at)
  if (length < 0) return -1
  const hostBits = length === 32 ? 0 : address << length
  return hostBits === 0 ? length : -1
}

function readLength(text: string, slash: number): number {
  const digits = text.length - slash - 1
  if (text.charCodeAt(slash) !== 47 || digits < 1 || digits > 2) return -1
  const first = text.charCodeAt(slash + 1) - 48
  if (first < 0 || first > 9) return -1
  if (digits === 1) return first
  const second = text.charCodeAt(slash + 2) - 48
  const length = first * 10 + second
  return second < 0 || second > 9 || first === 0 || length > 32 ? -1 : length
}
