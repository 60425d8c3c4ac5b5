/** Bytes as people and JSON write them: two lower-case hexadecimal digits each. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
