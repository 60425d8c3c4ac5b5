/** What every way has in common on which a log reaches us. */
import type { Clock } from '../../../base/index.ts'
import type { KeyserverError } from '../../errors.ts'
import type { LineIntake } from '../line-intake.ts'
import type { WatchFile } from './file-watch.ts'

export interface TransportPorts {
  readonly clock: Clock
  readonly intake: LineIntake
  /** Told once when a problem begins or changes, and once with undefined when it is over. */
  readonly onProblem: (problem: KeyserverError | undefined) => void
  /** Undefined: files are polled alone. */
  readonly watchFile?: WatchFile | undefined
}

export interface Transport {
  /** Opens what can be opened at once. @throws {KeyserverError} only if it never can work */
  open(): Promise<void>
  /** Delivers lines until the signal aborts; resolves when everything is closed. Never rejects for a problem of the source. */
  run(signal: AbortSignal): Promise<void>
  /** Plain JSON: from where to go on. Undefined if nothing was read yet. */
  position(): TransportPosition | undefined
}

/** First bytes of a file: tells it from another that has got the same inode, and finds a copy of it. */
export interface FileHead {
  readonly length: number
  readonly sha256: string
}

/** A log file that was read to its end. */
export interface ReadFile {
  readonly inode: string
  readonly head: FileHead
}

export type TransportPosition =
  | {
      readonly kind: 'file'
      readonly device: string
      readonly inode: string
      readonly head: FileHead
      /** Of the first byte that does not belong to a delivered line. */
      readonly offset: number
      /** When the file was last written, as far as it had been read. */
      readonly modifiedMs: number
      /** Files before it, oldest first: they may still lie beside it. */
      readonly done?: readonly ReadFile[] | undefined
    }
  /** Base64 of a line that has begun. */
  | { readonly kind: 'stream'; readonly partial: string }
