/** A table of somebody's, as a stream: a file, gzip or not, or standard input; with its size and its hash. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { PassThrough, type Readable, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../../base/index.ts'
import { CliError } from '../errors.ts'

const READ_BYTES = 1_048_576

export interface OpenedData {
  readonly stream: Readable
  /** Undefined where nobody knows: gzip and standard input. */
  readonly bytes: number | undefined
  /** Of what was read, as it is stored; whole once the stream has ended. */
  sha256(): string
}

/** @throws {CLI_INPUT_MISSING} */
export async function openData(
  path: string,
  { stdin, signal }: { readonly stdin: Readable; readonly signal: AbortSignal }
): Promise<OpenedData> {
  const hash = createHash('sha256')
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    }
  })
  const { source, bytes, isGzip } =
    path === '-' ? { source: stdin, bytes: undefined, isGzip: false } : await openFile(path)
  const stream = isGzip ? createGunzip() : new PassThrough()
  const fail = (error: Error) => stream.destroy(asCliError(path, error))
  source.on('error', fail)
  hashed.on('error', fail)
  source.pipe(hashed).pipe(stream)
  const onAbort = () => {
    source.destroy()
    stream.destroy(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  stream.on('close', () => {
    signal.removeEventListener('abort', onAbort)
    source.destroy()
  })
  return { stream, bytes, sha256: () => hash.digest('hex') }
}

/** What reading threw, as a sentence about the file where it was the file's fault. */
export function asCliError(path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('Z_')) {
    const message = `could not unpack ${path}: ${messageOf(error)}`
    return new CliError('CLI_INPUT_INVALID', message, { cause: error })
  }
  if (/^E[A-Z]+$/.test(code)) {
    const message = `could not read ${path}: ${messageOf(error)}`
    return new CliError('CLI_INPUT_MISSING', message, { cause: error })
  }
  return error instanceof Error ? error : new Error(String(error))
}

async function openFile(path: string) {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const found = await file.stat()
    if (found.isDirectory()) {
      throw new CliError('CLI_INPUT_MISSING', `expected a file, got the directory ${path}`)
    }
    const isPlain = found.isFile()
    const head = Buffer.alloc(2)
    // A pipe gives each byte once: it is not asked what it begins with.
    if (isPlain) await file.read(head, 0, 2, 0)
    const isGzip = head[0] === 0x1f && head[1] === 0x8b
    const options = { highWaterMark: READ_BYTES, ...(isPlain ? { start: 0 } : {}) }
    const source = file.createReadStream(options)
    return { source, bytes: isPlain && !isGzip ? found.size : undefined, isGzip }
  } catch (error) {
    await file?.close()
    throw asCliError(path, error)
  }
}
