/**
 * HAProxy writes `"`, `#`, `{`, `|`, `}` and every byte outside printable ASCII in captures and request lines as `#XX`
 * (HAProxy src/log.c, `hdr_encode_map` and `url_encode_map`). This is the way back.
 */

export function unescapeHash(text: string): string {
  const first = text.indexOf('#')
  return first < 0 ? text : unescapeBytes(text, '#')
}

/** Replaces every `<mark>XX` by its byte and reads the whole as UTF-8; a mark that no two hex digits follow stays. */
export function unescapeBytes(text: string, mark: string): string {
  const raw = Buffer.from(text, 'utf8')
  const markBytes = Buffer.from(mark, 'latin1')
  let length = 0
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === markBytes[0] && isMarkAt(raw, markBytes, i)) {
      const high = hexDigit(raw[i + markBytes.length])
      const low = hexDigit(raw[i + markBytes.length + 1])
      if (high >= 0 && low >= 0) {
        raw[length++] = high * 16 + low
        i += markBytes.length + 1
        continue
      }
    }
    raw[length++] = raw[i] ?? 0
  }
  return raw.toString('utf8', 0, length)
}

function isMarkAt(raw: Buffer, mark: Buffer, at: number): boolean {
  for (let i = 0; i < mark.length; i++) if (raw[at + i] !== mark[i]) return false
  return true
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
