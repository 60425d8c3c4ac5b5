/** A table on the node's disk as a stream, with its size and its hash; gzip is unpacked. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { type Readable, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'

export interface OpenedTable {
  readonly stream: Readable
  /** Undefined where nobody knows: gzip. */
  readonly bytes: number | undefined
  /** Of the file as it is stored; whole once the stream has ended. */
  sha256(): string
}

export async function openTable(path: string): Promise<OpenedTable> {
  const file = await open(path, 'r')
  const { size } = await file.stat()
  const head = Buffer.alloc(2)
  await file.read(head, 0, 2, 0)
  const isGzip = head[0] === 0x1f && head[1] === 0x8b
  const hash = createHash('sha256')
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    }
  })
  const source = file.createReadStream({ start: 0, highWaterMark: 1_048_576 })
  source.on('error', (error) => hashed.destroy(error))
  source.pipe(hashed)
  if (!isGzip) return { stream: hashed, bytes: size, sha256: () => hash.digest('hex') }
  const unpacked = createGunzip()
  hashed.on('error', (error) => unpacked.destroy(error))
  return { stream: hashed.pipe(unpacked), bytes: undefined, sha256: () => hash.digest('hex') }
}
