/**
 * Waits between two looks at a file: until the poll is due, or sooner if the kernel says that the file was written to (inotify). The
 * watch only shortens a wait and is never relied on: network file systems tell nothing, and a watch may be refused.
 */
import { type FSWatcher, watch } from 'node:fs'
import type { Clock } from '../../../base/index.ts'

/** Calls `onWritten` at each write to the file that is at the path now. */
export type WatchFile = (path: string, onWritten: () => void) => { close(): void }

/** Looks are at least this far apart while a log is written without a pause, so that they stay cheap. */
const LOOKS_APART_MS = 20

export const watchFile: WatchFile = (path, onWritten) => {
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(path, { persistent: false }, onWritten)
    watcher.on('error', () => watcher?.close())
  } catch {
    // No watches here, or none left for this user: it is polled alone.
  }
  return { close: () => watcher?.close() }
}

export class WriteWait {
  readonly #clock: Clock
  readonly #watchFile: WatchFile | undefined
  #watch: { close(): void } | undefined
  #isWritten = false
  #waiting: AbortController | undefined

  constructor(clock: Clock, watchFile: WatchFile | undefined) {
    this.#clock = clock
    this.#watchFile = watchFile
  }

  /** From now on for the file that is at the path now. */
  follow(path: string): void {
    this.close()
    this.#watch = this.#watchFile?.(path, () => {
      this.#isWritten = true
      this.#waiting?.abort()
    })
  }

  close(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  /** At most `durationMs`. What was written since the last wait counts. @throws what the signal was aborted with */
  async pause(durationMs: number, signal: AbortSignal): Promise<void> {
    if (this.#watch === undefined || durationMs <= LOOKS_APART_MS) {
      await this.#clock.sleep(durationMs, signal)
      return
    }
    await this.#clock.sleep(LOOKS_APART_MS, signal)
    await this.#untilWritten(durationMs - LOOKS_APART_MS, signal)
  }

  async #untilWritten(durationMs: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    const stop = () => waiting.abort()
    signal.addEventListener('abort', stop, { once: true })
    this.#waiting = waiting
    try {
      if (!this.#isWritten) await this.#clock.sleep(durationMs, waiting.signal)
    } catch (error) {
      if (!waiting.signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', stop)
      this.#waiting = undefined
      this.#isWritten = false
    }
  }
}
