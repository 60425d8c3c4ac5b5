/** Prefixes of addresses on the wire, in the one spelling that each has; and which of them are no use to anybody. */
import ipaddr from 'ipaddr.js'
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
  // Dotted by hand: most indicators are of IPv4, and each event of a flood is read.
  const text = isIpv4 ? address.join('.') : ipaddr.fromByteArray([...address]).toString()
  return `${text}/${length}`
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
  const prefix = getPrefix(text)
  if (treatAsPublic.some((other) => prefixContains(other, prefix))) return true
  if (prefix.bits.kind() === 'ipv6' && !prefixContains(GIVEN_OUT_IPV6, prefix)) return false
  return !NOT_PUBLIC.some((other) => prefixContains(other, prefix) || prefixContains(prefix, other))
}

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
