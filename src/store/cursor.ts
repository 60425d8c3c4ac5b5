/** Page cursors: opaque to the caller, checked when they come back. Keyset paging, so a page is as fast at the end as at the start. */
import { StorageError } from './errors.ts'

export const PAGE_LIMIT_MAX = 1_000

export interface StorePage<T> {
  readonly items: readonly T[]
  /** Undefined on the last page. */
  readonly nextCursor: string | undefined
}

export function clampPageLimit(limit: number): number {
  return Math.min(PAGE_LIMIT_MAX, Math.max(1, Math.trunc(limit) || 1))
}

export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(parts.join('|'), 'utf8').toString('base64url')
}

/** The parts that match `pattern`. @throws {CURSOR_INVALID} */
export function decodeCursor(cursor: string, pattern: RegExp): readonly string[] {
  const text = cursor.length > 200 ? '' : Buffer.from(cursor, 'base64url').toString('utf8')
  const match = pattern.exec(text)
  if (match === null) {
    throw new StorageError(
      'CURSOR_INVALID',
      'expected a cursor that came with an earlier page, got another text: begin again without one'
    )
  }
  return match.slice(1)
}
