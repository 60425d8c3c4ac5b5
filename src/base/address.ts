/**
 * IP addresses and prefixes in one canonical spelling. An IPv4-mapped IPv6 address is its IPv4 address everywhere in the
 * program; HAProxy's own `::ffff:` keys are made at that edge only.
 */
import ipaddr from 'ipaddr.js'
import { NetminderError } from './errors.ts'

/** Canonical text: dotted quad, or RFC 5952 IPv6 without zone. */
export type AddressText = string
/** Canonical text `address/length` with all host bits zero. */
export type PrefixText = string

export class AddressError extends NetminderError<'ADDRESS_INVALID'> {}

type Parsed = ipaddr.IPv4 | ipaddr.IPv6

export interface Prefix {
  readonly bits: Parsed
  readonly length: number
  readonly text: PrefixText
}

function parse(text: string): Parsed | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  // ipaddr.js also reads "10.1" and "0x7f.1": only the four-part decimal form is an address in a log or a list.
  if (!bare.includes(':') && !isDottedQuad(bare)) return undefined
  if (bare.includes('%') || !ipaddr.isValid(bare)) return undefined
  const address = ipaddr.parse(bare)
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()
    ? (address as ipaddr.IPv6).toIPv4Address()
    : address
}

/** Four decimal parts, each 0–255, without leading zeros. Written by hand: it runs once for every log line. */
export function isDottedQuad(text: string): boolean {
  let dots = 0
  let value = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (value < 0 || ++dots > 3) return false
      value = -1
    } else {
      if (code < 48 || code > 57 || value === 0) return false
      value = (value < 0 ? 0 : value * 10) + (code - 48)
      if (value > 255) return false
    }
  }
  return dots === 3 && value >= 0
}

/** Canonical text of an address, or undefined if the text is none. */
export function findAddress(text: string): AddressText | undefined {
  if (isDottedQuad(text)) return text
  return parse(text)?.toString()
}

/** @throws {ADDRESS_INVALID} */
export function getAddress(text: string): AddressText {
  const address = findAddress(text)
  if (address === undefined)
    throw new AddressError('ADDRESS_INVALID', `expected an IPv4 or IPv6 address, got "${text}"`)
  return address
}

/** Reads an address or a CIDR prefix; host bits are cleared. Undefined if the text is neither. */
export function findPrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const address = parse(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const width = address.kind() === 'ipv4' ? 32 : 128
  const lengthText = slash < 0 ? String(width) : text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(lengthText)) return undefined
  let length = Number(lengthText)
  // ::ffff:a.b.c.d/n counts the 96 bits in front.
  if (slash >= 0 && width === 32 && text.includes(':')) length -= 96
  if (length < 0 || length > width) return undefined
  const bytes = address.toByteArray()
  for (let i = 0; i < bytes.length; i++) {
    const keep = Math.min(8, Math.max(0, length - i * 8))
    bytes[i] = (bytes[i] ?? 0) & (0xff << (8 - keep)) & 0xff
  }
  const bits = ipaddr.fromByteArray(bytes)
  return { bits, length, text: `${bits.toString()}/${length}` }
}

/** @throws {ADDRESS_INVALID} */
export function getPrefix(text: string): Prefix {
  const prefix = findPrefix(text)
  if (prefix === undefined) {
    throw new AddressError(
      'ADDRESS_INVALID',
      `expected an address or a prefix such as 192.0.2.0/24, got "${text}"`
    )
  }
  return prefix
}

/** The spelling for a person and for a list file: a single address without its /32 or /128. */
export function displayPrefix(prefix: Prefix): string {
  return prefix.length === (prefix.bits.kind() === 'ipv4' ? 32 : 128)
    ? prefix.bits.toString()
    : prefix.text
}

export function prefixContains(outer: Prefix, inner: Prefix): boolean {
  return (
    outer.length <= inner.length &&
    outer.bits.kind() === inner.bits.kind() &&
    inner.bits.match(outer.bits as never, outer.length)
  )
}

export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return prefixContains(a, b) || prefixContains(b, a)
}

/** The neighbourhood that one operator of addresses usually holds: /24 for IPv4, /64 for IPv6. */
export function neighbourhoodOf(address: AddressText): PrefixText {
  if (!address.includes(':')) {
    return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  }
  return getPrefix(`${address}/64`).text
}
