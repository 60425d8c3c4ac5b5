/** A message as one line of text that people send each other: told apart by its start, and whole or not by its checksum. */
import { isSameBytes, sha256 } from '../bytes.ts'
import { DecodeError, InvitationError } from '../errors.ts'
import { INVITATION_CHECKSUM_BYTES, INVITATION_TEXT_LENGTH_MAX } from '../limits.ts'

export interface LineForm {
  /** With its article, for the person who pasted the line. */
  readonly what: string
  /** With the colon. */
  readonly prefix: string
  readonly anyVersion: RegExp
  readonly checksumHead: string
}

export function writeLine(form: LineForm, bytes: Uint8Array): string {
  return form.prefix + Buffer.concat([bytes, checksum(form, bytes)]).toString('base64url')
}

/**
 * White space does not count: mail programs break long lines.
 *
 * @throws {INVITATION_DAMAGED | INVITATION_UNSUPPORTED}
 */
export function readLine<T>(form: LineForm, text: string, decode: (bytes: Uint8Array) => T): T {
  const bytes = bytesOf(form, text.slice(0, 2 * INVITATION_TEXT_LENGTH_MAX).replaceAll(/\s+/g, ''))
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (error.code === 'VERSION_UNSUPPORTED') {
      const message = `expected a network of version 1: ${error.message}`
      throw new InvitationError('INVITATION_UNSUPPORTED', message, { cause: error })
    }
    throw damaged(form, error.message, error)
  }
}

function bytesOf(form: LineForm, line: string): Uint8Array {
  const { prefix, what } = form
  if (!line.startsWith(prefix)) {
    if (form.anyVersion.test(line)) {
      throw new InvitationError(
        'INVITATION_UNSUPPORTED',
        `expected ${what} that starts with ${prefix}, got one of a later version: update netminder`
      )
    }
    throw damaged(form, `no ${prefix} at the start`)
  }
  const coded = line.slice(prefix.length)
  if (line.length > INVITATION_TEXT_LENGTH_MAX) throw damaged(form, `${line.length} characters`)
  if (!/^[A-Za-z0-9_-]+$/.test(coded)) throw damaged(form, 'characters that none has')
  const all = Buffer.from(coded, 'base64url')
  const bytes = new Uint8Array(all.subarray(0, -INVITATION_CHECKSUM_BYTES))
  // The last character of base64 has bits to spare: only one spelling is taken.
  const isWhole =
    all.length > INVITATION_CHECKSUM_BYTES &&
    all.toString('base64url') === coded &&
    isSameBytes(all.subarray(-INVITATION_CHECKSUM_BYTES), checksum(form, bytes))
  if (!isWhole) throw damaged(form, 'a checksum that does not fit')
  return bytes
}

function checksum({ checksumHead }: LineForm, bytes: Uint8Array): Uint8Array {
  return sha256(Buffer.from(checksumHead), bytes).subarray(0, INVITATION_CHECKSUM_BYTES)
}

function damaged({ what }: LineForm, got: string, cause?: unknown): InvitationError {
  const message = `expected the whole line of ${what}, got ${got}: copy it again`
  return new InvitationError('INVITATION_DAMAGED', message, { cause })
}
