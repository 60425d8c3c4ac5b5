/** Pages over lists that are in memory as a whole: by a sort key, so that a page does not move when entries come and go. */
import { apiError } from '../errors.ts'

export interface KeyedPage<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** @throws {CURSOR_INVALID} */
export function pageByKey<T>(
  entries: readonly T[],
  keyOf: (entry: T) => string,
  page: { readonly limit: number; readonly cursor: string | undefined }
): KeyedPage<T> {
  const after = page.cursor === undefined ? undefined : decodeCursor(page.cursor)
  const sorted = [...entries].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const rest = after === undefined ? sorted : sorted.filter((entry) => keyOf(entry) > after)
  const items = rest.slice(0, page.limit)
  const last = items.at(-1)
  const hasMore = rest.length > items.length
  return { items, nextCursor: hasMore && last !== undefined ? encodeCursor(keyOf(last)) : null }
}

const CURSOR_MARK = 'k:'

function encodeCursor(key: string): string {
  return Buffer.from(CURSOR_MARK + key).toString('base64url')
}

function decodeCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  if (!text.startsWith(CURSOR_MARK) || encodeCursor(text.slice(CURSOR_MARK.length)) !== cursor) {
    throw apiError('CURSOR_INVALID', 'expected a next_cursor that this node gave out, got another')
  }
  return text.slice(CURSOR_MARK.length)
}
