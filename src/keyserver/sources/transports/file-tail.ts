/**
 * Follows a log file through rotation by rename, copy-and-truncate, removal and return. Reads by polling, which works on every
 * file system and across containers; where the kernel tells of a write, the next look comes sooner. What was written to the old file is read to its end before the new one, after a
 * restart as well; nothing is read twice.
 */
import type { Clock } from '../../../base/index.ts'
import type { KeyserverError } from '../../errors.ts'
import type { LineIntake } from '../line-intake.ts'
import { WriteWait } from './file-watch.ts'
import {
  LogFile,
  MIN_TELLING_BYTES,
  type PathStatus,
  rotatedSiblings,
  sourceError,
  statusAt
} from './log-file.ts'
import type {
  FileHead,
  ReadFile,
  Transport,
  TransportPorts,
  TransportPosition
} from './transport.ts'

export interface FileTailOptions {
  readonly path: string
  /** Where to begin in a file that was never read: at its first byte, or with what is written from now on. @default false */
  readonly fromStart?: boolean | undefined
  readonly resumeFrom?: TransportPosition | undefined
  /** @default 200 */
  readonly pollMs?: number | undefined
  /** How long a renamed file is still watched once the new one is written: another process may be slower. @default 1000 */
  readonly graceMs?: number | undefined
  /** Longest pause between attempts at a source that cannot be read. @default 5000 */
  readonly retryMaxMs?: number | undefined
}

const CHUNK_BYTES = 65_536
/** Rotated files that are remembered as read; bounded, since each rotation adds one. */
const MAX_DONE = 8

type FilePosition = Extract<TransportPosition, { kind: 'file' }>

export class FileTail implements Transport {
  readonly #path: string
  readonly #clock: Clock
  readonly #intake: LineIntake
  readonly #onProblem: TransportPorts['onProblem']
  readonly #pollMs: number
  readonly #graceMs: number
  readonly #retryMaxMs: number
  readonly #buffer = Buffer.alloc(CHUNK_BYTES)
  readonly #wait: WriteWait
  #file: LogFile | undefined
  #offset = 0
  #seen = { size: -1, modifiedMs: 0 }
  #saved: FilePosition | undefined
  #startsAtEnd: boolean
  /** When the file was found to be no longer the one at the path. */
  #rotatedAtMs: number | undefined
  #done: readonly ReadFile[]
  /** The new and empty file at the path for which the old one is kept. */
  #empty: PathStatus | undefined
  #problemCode: string | undefined
  #retryMs: number
  #gaps = 0

  constructor(options: FileTailOptions, ports: TransportPorts) {
    this.#path = options.path
    this.#clock = ports.clock
    this.#intake = ports.intake
    this.#onProblem = ports.onProblem
    this.#wait = new WriteWait(ports.clock, ports.watchFile)
    this.#pollMs = options.pollMs ?? 200
    this.#graceMs = options.graceMs ?? 1_000
    this.#retryMaxMs = options.retryMaxMs ?? 5_000
    this.#retryMs = this.#pollMs
    this.#saved = options.resumeFrom?.kind === 'file' ? options.resumeFrom : undefined
    this.#done = this.#saved?.done ?? []
    this.#startsAtEnd = this.#saved === undefined && !(options.fromStart ?? false)
  }

  /** Times that a saved position could not be found again: lines between it and the present file are lost. */
  get gaps(): number {
    return this.#gaps
  }

  position(): TransportPosition | undefined {
    const file = this.#file
    if (file === undefined) return this.#saved
    return {
      kind: 'file',
      device: file.device,
      inode: file.inode,
      head: file.head,
      offset: this.#intake.committedOffset,
      modifiedMs: this.#seen.modifiedMs,
      done: this.#done
    }
  }

  /** Takes its place in the file, so that what is written after a start is read. */
  async open(): Promise<void> {
    await this.#guarded(() => this.#openNext())
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const isIdle = await this.#guarded(() => this.#step(signal))
        if (!isIdle) continue
        this.#intake.settle()
        await this.#wait.pause(
          this.#problemCode === undefined ? this.#pollMs : this.#retryMs,
          signal
        )
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#wait.close()
      this.#saved = this.position() as FilePosition | undefined
      await this.#file?.close()
      this.#file = undefined
    }
  }

  /** Runs one piece of work and turns its failure into a state. True if there is nothing more to do for now. */
  async #guarded(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work()
    } catch (error) {
      const problem = sourceError(this.#path, error)
      if (problem.code === 'SOURCE_MISSING' && this.#saved === undefined) this.#startsAtEnd = false
      this.#report(problem)
      return true
    }
  }

  #report(problem: KeyserverError | undefined): void {
    if (problem === undefined) this.#retryMs = this.#pollMs
    else if (problem.code === this.#problemCode) {
      this.#retryMs = Math.min(this.#retryMs * 2, this.#retryMaxMs)
    }
    if (problem?.code === this.#problemCode) return
    this.#problemCode = problem?.code
    this.#onProblem(problem)
  }

  async #step(signal: AbortSignal): Promise<boolean> {
    if (this.#file === undefined) {
      await this.#openNext()
      return false
    }
    const file = this.#file
    if (await this.#wasRewritten(file)) {
      await this.#leaveRewritten(file)
      return false
    }
    let hasRead = false
    while (!signal.aborted) {
      const length = await file.read(this.#buffer, this.#offset)
      if (length === 0) break
      hasRead = true
      this.#offset += length
      await this.#intake.push(this.#buffer.subarray(0, length))
    }
    if (hasRead) {
      // The status stays that of before: whatever changed since makes the next step look at the beginning again.
      await file.learnHead()
      if (this.#rotatedAtMs !== undefined) this.#rotatedAtMs = this.#clock.monotonicMs()
    }
    if (signal.aborted) return true
    return this.#lookForNext(file)
  }

  /** At the end of the file: is it still the one at the path? */
  async #lookForNext(file: LogFile): Promise<boolean> {
    const now = await statusAt(this.#path)
    if (now !== undefined && now.inode === file.inode && now.device === file.device) {
      this.#rotatedAtMs = undefined
      this.#report(undefined)
      return true
    }
    if (now === undefined || !now.isFile) {
      // The writer may go on with the file that has lost its name, so it stays open.
      this.#report(await this.#problemAtPath())
      return true
    }
    // A new file without a line: its writer has not come to it yet, and may still write to the old one.
    if (now.size === 0 && !(await this.#wasRotatedAgain(file, now))) return true
    this.#rotatedAtMs ??= this.#clock.monotonicMs()
    if (this.#clock.monotonicMs() - this.#rotatedAtMs < this.#graceMs) return true
    await this.#leave(file)
    return false
  }

  /** True if a file lies between this one and the empty one at the path. */
  async #wasRotatedAgain(file: LogFile, empty: PathStatus): Promise<boolean> {
    if (empty.inode === this.#empty?.inode && empty.modifiedMs === this.#empty.modifiedMs) {
      return false
    }
    const between = await this.#findUnread(this.#seen.modifiedMs, file.inode)
    await between?.close()
    if (between === undefined) this.#empty = empty
    return between !== undefined
  }

  async #problemAtPath(): Promise<KeyserverError | undefined> {
    try {
      const other = await LogFile.open(this.#path)
      await other.close()
      return undefined
    } catch (error) {
      return sourceError(this.#path, error)
    }
  }

  /** Truncated, or truncated and already longer than before: then its beginning is another. */
  async #wasRewritten(file: LogFile): Promise<boolean> {
    const status = await file.status()
    if (status.size < this.#offset) return true
    const isTouched = status.size !== this.#seen.size || status.modifiedMs !== this.#seen.modifiedMs
    const isRewritten = isTouched && !(await this.#isContinued(file))
    if (!isRewritten) this.#seen = status
    return isRewritten
  }

  async #isContinued(file: LogFile): Promise<boolean> {
    if (!(await file.beginsWith(file.head))) return false
    if (file.head.length >= MIN_TELLING_BYTES) return true
    // Nothing tells a young file from one that was emptied again but what lies beside it.
    const main = await statusAt(this.#path)
    if (main?.inode !== file.inode) return true
    const between = await this.#findUnread(this.#seen.modifiedMs, file.inode)
    await between?.close()
    return between === undefined
  }

  /** `copytruncate`: what was not read before the truncation is in the copy. */
  async #leaveRewritten(file: LogFile): Promise<void> {
    this.#remember(file)
    const saved = this.position() as FilePosition
    this.#saved = saved
    const isTold = file.head.length >= MIN_TELLING_BYTES
    const copy = isTold ? await this.#findCopy(saved, this.#offset) : undefined
    await file.close()
    this.#file = undefined
    if (copy !== undefined) {
      await this.#use(copy, this.#offset, { keepsPartial: true })
      this.#rotatedAtMs = this.#clock.monotonicMs() - this.#graceMs
      return
    }
    this.#intake.breakOff()
    await this.#openAfter(saved.modifiedMs)
  }

  async #leave(file: LogFile): Promise<void> {
    this.#intake.endOfInput()
    this.#remember(file)
    this.#saved = this.position() as FilePosition
    await file.close()
    this.#file = undefined
    await this.#openAfter(this.#saved.modifiedMs)
  }

  #remember(file: LogFile): void {
    if (file.head.length === 0) return
    this.#done = [...this.#done, { inode: file.inode, head: file.head }].slice(-MAX_DONE)
  }

  /** An inode alone may have been given to a new file; a young file may have grown since. */
  async #isDone(file: LogFile): Promise<boolean> {
    for (const { inode, head } of this.#done) {
      if (inode === file.inode && (await file.beginsWith(head))) return true
    }
    return false
  }

  async #openNext(): Promise<boolean> {
    const saved = this.#saved
    if (saved === undefined) {
      await this.#openFirst()
      return false
    }
    if (saved.offset === 0) {
      // No line of it was read, so little tells it from a copy: all that is newer and was not read counts.
      await this.#openAfter(saved.modifiedMs)
      return false
    }
    const main = await statusAt(this.#path)
    if (main?.isFile) {
      const file = await LogFile.open(this.#path)
      const isSame = await file.isSameAs(saved)
      if (isSame && (await file.status()).size >= saved.offset) {
        await this.#use(file, saved.offset)
        return false
      }
      await file.close()
    }
    const rotated = await this.#findCopy(saved, saved.offset)
    if (rotated !== undefined) {
      await this.#use(rotated, saved.offset)
      this.#rotatedAtMs = this.#clock.monotonicMs() - this.#graceMs
      return false
    }
    // Raises if there is nothing at the path; the saved position stays for the next attempt.
    await this.#openAfter(saved.modifiedMs)
    this.#intake.breakOff()
    if (!this.#done.some(({ inode }) => inode === saved.inode)) this.#gaps++
    return false
  }

  async #openFirst(): Promise<void> {
    const file = await LogFile.open(this.#path)
    // What was rotated before this node ever ran is not its business.
    for (const { path } of (await rotatedSiblings(this.#path)).slice(-MAX_DONE)) {
      const old = await LogFile.open(path).catch(() => undefined)
      if (old !== undefined && old.inode !== file.inode) this.#remember(old)
      await old?.close()
    }
    const offset = this.#startsAtEnd ? await this.#endOfLastLine(file) : 0
    this.#startsAtEnd = false
    await this.#use(file, offset)
  }

  /** The next rotated file, or else the one at the path. */
  async #openAfter(modifiedMs: number): Promise<void> {
    const rotated = await this.#findUnread(modifiedMs)
    await this.#use(rotated ?? (await LogFile.open(this.#path)), 0)
    if (rotated !== undefined) this.#rotatedAtMs = this.#clock.monotonicMs() - this.#graceMs
  }

  /** The oldest rotated file that was written after `modifiedMs` and not read. */
  async #findUnread(modifiedMs: number, exceptInode?: string): Promise<LogFile | undefined> {
    const main = await statusAt(this.#path)
    for (const { path, inode, ...sibling } of await rotatedSiblings(this.#path)) {
      if (sibling.modifiedMs < modifiedMs || inode === main?.inode || inode === exceptInode)
        continue
      const file = await LogFile.open(path).catch(() => undefined)
      if (file === undefined) continue
      if (!(await this.#isDone(file))) return file
      await file.close()
    }
    return undefined
  }

  /** The saved file under another name, or a copy of it, that holds at least what had been read. */
  async #findCopy(
    saved: { device: string; inode: string; head: FileHead },
    offset: number
  ): Promise<LogFile | undefined> {
    for (const sibling of (await rotatedSiblings(this.#path)).reverse()) {
      const file = await LogFile.open(sibling.path).catch(() => undefined)
      if (file === undefined) continue
      if ((await file.status()).size >= offset && (await file.isSameAs(saved))) return file
      await file.close()
    }
    return undefined
  }

  async #use(file: LogFile, offset: number, how = { keepsPartial: false }): Promise<void> {
    const status = await file.status()
    this.#seen = status
    this.#file = file
    this.#offset = offset
    this.#rotatedAtMs = undefined
    this.#wait.follow(this.#path)
    if (!how.keepsPartial) this.#intake.beginAt(offset)
    this.#report(undefined)
  }

  /** Offset behind the last line feed: a line that is just being written is read whole. */
  async #endOfLastLine(file: LogFile): Promise<number> {
    const { size } = await file.status()
    const from = Math.max(0, size - CHUNK_BYTES)
    const length = await file.read(this.#buffer, from)
    const lineFeed = this.#buffer.subarray(0, Math.min(length, size - from)).lastIndexOf(10)
    return lineFeed < 0 ? size : from + lineFeed + 1
  }
}
