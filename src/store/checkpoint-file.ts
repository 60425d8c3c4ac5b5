/**
 * Where the logs were read to, together with what detection knew at that point: one file, so that after a crash the two fit each
 * other. The header is checked on its own, because the positions in it are worth more than the state: without them lines would be
 * lost or counted twice, without the state the sessions only start afresh.
 *
 * Layout: 8 bytes magic, 4 bytes length of the header (big-endian), header (JSON), SHA-256 of the header, body (`v8.serialize`).
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { messageOf } from '../base/index.ts'
import { fileStamp, freeName, remnantName } from './atomic-file.ts'
import { isSystemError, keepNewest } from './data-directory.ts'
import { StorageError, translateFileError } from './errors.ts'

/** More than the state of 200 000 sources needs, and still read back within seconds. */
export const CHECKPOINT_BYTES_MAX = 512 * 1024 * 1024
const MAGIC = Buffer.from('NMCHKPT\n', 'latin1')
const FORMAT = 1
const HEADER_BYTES_MAX = 1024 * 1024
const HASH_BYTES = 32
const PREAMBLE_BYTES = MAGIC.length + 4
const SET_ASIDE_KEPT = 2

export interface Checkpoint<Positions, State> {
  readonly savedAtMs: number
  /** JSON-serialisable. */
  readonly positions: Positions
  /** Structured-cloneable. */
  readonly state: State
}

export type CheckpointReading<Positions, State> =
  | { readonly kind: 'absent' }
  | ({ readonly kind: 'whole' } & Checkpoint<Positions, State>)
  /** The body is damaged or of another version; it was set aside and the positions hold. */
  | {
      readonly kind: 'positions-only'
      readonly savedAtMs: number
      readonly positions: Positions
      readonly detail: string
      readonly setAside: string
    }
  /** Not even the header can be used; the file was set aside. */
  | { readonly kind: 'unusable'; readonly detail: string; readonly setAside: string }

interface Header {
  readonly format: number
  readonly savedAtMs: number
  readonly stateVersion: string
  readonly bodyBytes: number
  readonly bodySha256: string
  readonly positions: unknown
}

export interface CheckpointFileOptions {
  readonly path: string
  /** Changes whenever the shape of the state does; a state of another version is not read. */
  readonly stateVersion: string
  /** @default 512 MiB */
  readonly bytesMax?: number
}

export class CheckpointFile<Positions = unknown, State = unknown> {
  readonly #path: string
  readonly #stateVersion: string
  readonly #bytesMax: number
  #saving: Promise<void> | undefined

  constructor(options: CheckpointFileOptions) {
    this.#path = options.path
    this.#stateVersion = options.stateVersion
    this.#bytesMax = options.bytesMax ?? CHECKPOINT_BYTES_MAX
  }

  /**
   * Replaces the checkpoint. What is saved is what `checkpoint` holds at the moment of the call; a call while another runs waits
   * for it.
   *
   * @throws {CHECKPOINT_TOO_LARGE | DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED | DATA_DIRECTORY_UNUSABLE}
   */
  async save(checkpoint: Checkpoint<Positions, State>): Promise<void> {
    const parts = this.#encode(checkpoint)
    while (this.#saving !== undefined) await this.#saving.catch(() => undefined)
    const saving = this.#write(parts).finally(() => {
      this.#saving = undefined
    })
    this.#saving = saving
    await saving
  }

  /**
   * Reads the checkpoint; what cannot be used is set aside and said so. Nothing is thrown for damage.
   *
   * @throws {DATABASE_READ_ONLY | DATABASE_IO_FAILED | DATA_DIRECTORY_UNUSABLE}
   */
  async load(nowMs: number): Promise<CheckpointReading<Positions, State>> {
    let file: FileHandle
    try {
      file = await open(this.#path, 'r')
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return { kind: 'absent' }
      throw translateFileError(error, this.#path)
    }
    let header: Header | undefined
    try {
      const { header: found, bodyStart } = await readHeader(file)
      header = found
      const state = await this.#readState(file, found, bodyStart)
      const { savedAtMs, positions } = found
      return { kind: 'whole', savedAtMs, positions: positions as Positions, state }
    } catch (error) {
      const detail = messageOf(error)
      const setAside = await this.#setAside(nowMs)
      if (header === undefined) return { kind: 'unusable', detail, setAside }
      const { savedAtMs, positions } = header
      return {
        kind: 'positions-only',
        savedAtMs,
        positions: positions as Positions,
        detail,
        setAside
      }
    } finally {
      await file.close()
    }
  }

  #encode(checkpoint: Checkpoint<Positions, State>): readonly Buffer[] {
    const body = serialize(checkpoint.state)
    const header: Header = {
      format: FORMAT,
      savedAtMs: checkpoint.savedAtMs,
      stateVersion: this.#stateVersion,
      bodyBytes: body.length,
      bodySha256: createHash('sha256').update(body).digest('hex'),
      positions: checkpoint.positions
    }
    const headerBytes = Buffer.from(JSON.stringify(header), 'utf8')
    const bytes = PREAMBLE_BYTES + headerBytes.length + HASH_BYTES + body.length
    if (bytes > this.#bytesMax || headerBytes.length > HEADER_BYTES_MAX) {
      throw new StorageError(
        'CHECKPOINT_TOO_LARGE',
        `expected a checkpoint of at most ${this.#bytesMax} bytes, got ${bytes}: the one before stays; lower the number of sources that are tracked`,
        { context: { bytes, bytesMax: this.#bytesMax } }
      )
    }
    const preamble = Buffer.alloc(PREAMBLE_BYTES)
    MAGIC.copy(preamble)
    preamble.writeUInt32BE(headerBytes.length, MAGIC.length)
    return [preamble, headerBytes, createHash('sha256').update(headerBytes).digest(), body]
  }

  async #write(parts: readonly Buffer[]): Promise<void> {
    const temporary = remnantName(this.#path)
    try {
      const file = await open(temporary, 'w', 0o600)
      try {
        for (const part of parts) await file.writeFile(part)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.#path)
      const directory = await open(dirname(this.#path), 'r')
      await directory.sync().finally(() => directory.close())
    } catch (error) {
      await rm(temporary, { force: true })
      throw translateFileError(error, this.#path)
    }
  }

  async #readState(file: FileHandle, header: Header, bodyStart: number): Promise<State> {
    if (header.stateVersion !== this.#stateVersion) {
      throw new Error(
        `expected state version "${this.#stateVersion}", got "${header.stateVersion}"`
      )
    }
    const { size } = await file.stat()
    const bytes = size - bodyStart
    if (bytes !== header.bodyBytes || bytes > this.#bytesMax) {
      throw new Error(`expected a body of ${header.bodyBytes} bytes, got ${bytes}`)
    }
    const body = await readExactly(file, bodyStart, bytes)
    if (createHash('sha256').update(body).digest('hex') !== header.bodySha256) {
      throw new Error('expected the body that the header was made for, got another')
    }
    return deserialize(body) as State
  }

  async #setAside(nowMs: number): Promise<string> {
    const target = freeName(`${this.#path}.corrupt-${fileStamp(nowMs)}`)
    try {
      if (existsSync(this.#path)) await rename(this.#path, target)
    } catch (error) {
      throw translateFileError(error, this.#path)
    }
    keepNewest(dirname(this.#path), `${basename(this.#path)}.corrupt-`, SET_ASIDE_KEPT)
    return target
  }
}

async function readHeader(file: FileHandle): Promise<{ header: Header; bodyStart: number }> {
  const preamble = await readExactly(file, 0, PREAMBLE_BYTES)
  if (!preamble.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error('expected a checkpoint, got another file')
  }
  const length = preamble.readUInt32BE(MAGIC.length)
  if (length > HEADER_BYTES_MAX) throw new Error(`expected a header, got one of ${length} bytes`)
  const bytes = await readExactly(file, PREAMBLE_BYTES, length + HASH_BYTES)
  const headerBytes = bytes.subarray(0, length)
  if (!createHash('sha256').update(headerBytes).digest().equals(bytes.subarray(length))) {
    throw new Error('expected a header that its hash was made of, got another')
  }
  // What the hash vouches for was written by `#encode`, of this format or of a later one.
  const header = JSON.parse(headerBytes.toString('utf8')) as Header
  if (header.format !== FORMAT) {
    throw new Error(`expected format ${FORMAT}, got ${header.format}`)
  }
  return { header, bodyStart: PREAMBLE_BYTES + bytes.length }
}

async function readExactly(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled)
    if (bytesRead === 0) throw new Error(`expected ${length} bytes at ${start}, got ${filled}`)
    filled += bytesRead
  }
  return buffer
}
