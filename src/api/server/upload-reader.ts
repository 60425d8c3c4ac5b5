/** Reads a body as it comes: bounded in length, and in the time that its next bytes may take. Waiting for us does not count. */
import type { IncomingMessage } from 'node:http'
import type { Upload } from '../contract/endpoint.ts'
import { apiError } from '../errors.ts'

/** What the header alone gives away. @throws {BODY_TOO_LONG | MEDIA_TYPE_UNSUPPORTED} */
export function checkDeclaredUpload(
  request: IncomingMessage,
  { mediaType, bytesMax = Number.POSITIVE_INFINITY }: Upload
): void {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLong(bytesMax)
  const got = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (got !== mediaType || request.headers['content-encoding'] !== undefined) {
    throw apiError('MEDIA_TYPE_UNSUPPORTED', `expected a body of ${mediaType}, not encoded`)
  }
}

export interface UploadBounds {
  readonly bytesMax: number | undefined
  /** For the next bytes. */
  readonly stallMs: number
  /** Called before the first bytes are waited for. */
  readonly onStart: () => void
}

/** @throws {BODY_TOO_LONG | REQUEST_TIMED_OUT} */
export async function* readUpload(
  request: IncomingMessage,
  { bytesMax = Number.POSITIVE_INFINITY, stallMs, onStart }: UploadBounds
): AsyncGenerator<Uint8Array> {
  onStart()
  const chunks = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  let bytes = 0
  for (;;) {
    const next = await inTime(chunks.next(), stallMs)
    if (next.done) return
    const chunk = next.value as Uint8Array
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLong(bytesMax)
    yield chunk
  }
}

async function inTime<T>(work: Promise<T>, stallMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(apiError('REQUEST_TIMED_OUT', `expected more of the body within ${stallMs} ms`)),
      stallMs
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function tooLong(bytesMax: number) {
  return apiError('BODY_TOO_LONG', `expected a body of at most ${bytesMax} bytes`)
}
