/**
 * A prefix as words of 32 bits, most significant first (one for IPv4, four for IPv6), with all host bits zero. The first bit of
 * each word is turned over: signed numbers then stand in the order of the addresses, and JavaScript keeps them unboxed.
 */
export interface PrefixKey {
  readonly words: Int32Array
  length: number
}
