/** Prefixes of addresses on the wire, in the one spelling that each has; and which of them are no use to anybody. */
import {
  assert,
  getPrefix,
  type Prefix,
  type PrefixText,
  prefixContains
} from '../../base/index.ts'
import { expectThat } from '../errors.ts'
import { own } from '../fields.ts'
import type { Indicator } from '../generated/event.ts'

/** ::ffff:0:0/96: an IPv4 address is written as one. */
const MAPPED_HEAD = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

/** @throws {INDICATOR_INVALID | INDICATOR_TOO_WIDE} */
export function readIndicator(
  indicator: Indicator | undefined,
  lengthMin: { readonly ipv4: number; readonly ipv6: number }
): PrefixText {
  const address = indicator?.address ?? new Uint8Array(0)
  const length = indicator?.length ?? 0
  const isIpv4 = address.length === 4
  expectThat(
    (isIpv4 || address.length === 16) && length <= address.length * 8,
    'INDICATOR_INVALID',
    'expected 4 or 16 bytes and a length of at most as many bits',
    { bytes: address.length, length }
  )
  expectThat(
    length >= (isIpv4 ? lengthMin.ipv4 : lengthMin.ipv6),
    'INDICATOR_TOO_WIDE',
    `expected a prefix of at least ${isIpv4 ? lengthMin.ipv4 : lengthMin.ipv6} bits`,
    { length }
  )
  expectThat(
    hasNoHostBits(address, length) && !isMapped(address),
    'INDICATOR_INVALID',
    'expected all bits behind the length to be zero, and an IPv4 address in 4 bytes',
    { length }
  )
  return `${isIpv4 ? dottedText(address) : colonText(address)}/${length}`
}

/** Written by hand, as that of IPv6: a list has four thousand of them. */
function dottedText(address: Uint8Array): string {
  return `${address[0]}.${address[1]}.${address[2]}.${address[3]}`
}

const GROUPS = 8

/** RFC 5952: the first of the longest runs of two or more zeros is left out. */
function colonText(address: Uint8Array): string {
  const groupAt = (i: number) => ((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)
  let start = GROUPS
  let length = 1
  for (let i = 0, run = 0; i < GROUPS; i++) {
    run = groupAt(i) === 0 ? run + 1 : 0
    if (run <= length) continue
    start = i - run + 1
    length = run
  }
  let text = ''
  for (let i = 0; i < GROUPS; i++) {
    if (i === start) {
      text += i + length === GROUPS ? '::' : ':'
      i += length - 1
    } else text += `${i === 0 ? '' : ':'}${groupAt(i).toString(16)}`
  }
  return text
}

/** As `compareIndicators` has it, of two that were read. */
export function compareRead(a: Indicator, b: Indicator): number {
  return (
    a.address.length - b.address.length ||
    Buffer.compare(a.address, b.address) ||
    a.length - b.length
  )
}

function hasNoHostBits(address: Uint8Array, length: number): boolean {
  for (let i = length >> 3; i < address.length; i++) {
    const mask = i === length >> 3 ? 0xff >> (length & 7) : 0xff
    if (((address[i] ?? 0) & mask) !== 0) return false
  }
  return true
}

function isMapped(address: Uint8Array): boolean {
  return address.length === 16 && MAPPED_HEAD.every((byte, i) => address[i] === byte)
}

/** @throws {ADDRESS_INVALID} */
export function writeIndicator(text: PrefixText): Indicator {
  const { bits, length } = getPrefix(text)
  return { address: own(Uint8Array.from(bits.toByteArray())), length }
}

/** Special-purpose blocks (IANA's registries for RFC 6890) and, for IPv6, all but 2000::/3, which alone is given out. */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20'
].map((text) => getPrefix(text))
const GIVEN_OUT_IPV6 = getPrefix('2000::/3')

/** Whether the prefix lies in no special-purpose block, or in one that counts as public on this node. */
export function isPublicPrefix(text: PrefixText, treatAsPublic: readonly Prefix[] = []): boolean {
  const block = findDottedBlock(text)
  if (block !== undefined && treatAsPublic.length === 0) {
    return !NOT_PUBLIC_IPV4.some(({ first, last }) => first <= block.last && block.first <= last)
  }
  const prefix = getPrefix(text)
  if (treatAsPublic.some((other) => prefixContains(other, prefix))) return true
  if (prefix.bits.kind() === 'ipv6' && !prefixContains(GIVEN_OUT_IPV6, prefix)) return false
  return !NOT_PUBLIC.some((other) => prefixContains(other, prefix) || prefixContains(prefix, other))
}

interface Block {
  readonly first: number
  readonly last: number
}

/** The numbers of an IPv4 prefix: a list of four thousand is looked through as one. Undefined: it is none of IPv4. */
function findDottedBlock(text: PrefixText): Block | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  if (parts === null) return undefined
  const [a = 0, b = 0, c = 0, d = 0, length = 32] = parts.slice(1).map(Number)
  if (Math.max(a, b, c, d) > 255 || length > 32) return undefined
  const address = a * 0x1_00_00_00 + b * 0x1_00_00 + c * 0x1_00 + d
  const size = 2 ** (32 - length)
  const first = address - (address % size)
  return { first, last: first + size - 1 }
}

const NOT_PUBLIC_IPV4 = NOT_PUBLIC.flatMap(({ text }) => findDottedBlock(text) ?? [])

/** Order of a list's entries: family, then address, then length. */
export function compareIndicators(a: PrefixText, b: PrefixText): number {
  return Buffer.compare(indicatorKey(a), indicatorKey(b))
}

/** 1 byte of family (4 or 6), the address, 1 byte of length. */
export function indicatorKey(text: PrefixText): Uint8Array {
  const { bits, length } = getPrefix(text)
  const address = bits.toByteArray()
  assert(address.length === 4 || address.length === 16, 'expected an address of 4 or 16 bytes')
  return Uint8Array.of(address.length === 4 ? 4 : 6, ...address, length)
}
