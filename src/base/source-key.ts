/** A source as bytes: so they sort, take little room, and a prefix is a range of them. An IPv6 client is its /64. */
import { type AddressText, getPrefix, isDottedQuad, type PrefixText } from './address.ts'

const IPV4 = 4
const IPV6 = 6
const IPV6_BYTES = 8

/** 4 and four bytes, or 6 and the first eight. @throws {ADDRESS_INVALID} */
export function sourceKeyOf(address: AddressText): Uint8Array {
  // Most are of IPv4, and this runs for each row that is kept.
  if (isDottedQuad(address)) return Uint8Array.from([IPV4, ...address.split('.').map(Number)])
  return sourceRangeOf(address).first
}

/** The first and the last source of an address or prefix. @throws {ADDRESS_INVALID} */
export function sourceRangeOf(text: AddressText | PrefixText): {
  readonly first: Uint8Array
  readonly last: Uint8Array
} {
  const { bits, length } = getPrefix(text)
  const isIpv4 = bits.kind() === 'ipv4'
  const bytes = isIpv4 ? bits.toByteArray() : bits.toByteArray().slice(0, IPV6_BYTES)
  const first = Uint8Array.from([isIpv4 ? IPV4 : IPV6, ...bytes])
  const last = first.map((byte, index) => {
    const open = index === 0 ? 0 : Math.min(8, Math.max(0, index * 8 - length))
    return byte | ((1 << open) - 1)
  })
  return { first: maskSource(first, length), last }
}

/** The address itself, or the first of the /64. */
export function sourceText(key: Uint8Array): AddressText {
  const [family, ...bytes] = key
  if (family === IPV4) return bytes.join('.')
  const groups = []
  for (let i = 0; i < IPV6_BYTES; i += 2) {
    groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16))
  }
  return getPrefix(`${groups.join(':')}::`).bits.toString()
}

/** The source with all bits behind the first `length` cleared. */
export function maskSource(key: Uint8Array, length: number): Uint8Array {
  return key.map((byte, index) => {
    const open = index === 0 ? 0 : Math.min(8, Math.max(0, index * 8 - length))
    return byte & ~((1 << open) - 1) & 0xff
  })
}
