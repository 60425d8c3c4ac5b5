/** Why a line could not be read, once its format's own parser has given up. */
import type { UnparsedCause } from '../events.ts'

const PROBE_LENGTH = 512

/** Bytes that no log writes come first: they explain every other fault. */
export function causeOf(line: string, cause: UnparsedCause): UnparsedCause {
  if (line.trim() === '') return 'empty'
  return isBinary(line) ? 'binary' : cause
}

/** Control characters other than tab and escape, or bytes that are no UTF-8. */
function isBinary(line: string): boolean {
  const end = Math.min(line.length, PROBE_LENGTH)
  for (let i = 0; i < end; i++) {
    const code = line.charCodeAt(i)
    if ((code < 32 && code !== 9 && code !== 27 && code !== 13) || code === 0xfffd) return true
  }
  return false
}
