/** UUIDs are text to the program and 16 bytes to the database. */
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Undefined if the text is no UUID. */
export function findUuidBytes(text: string): Buffer | undefined {
  return UUID_PATTERN.test(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : undefined
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20)
  ].join('-')
}
