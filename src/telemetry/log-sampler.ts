/**
 * Thins out messages that come with every line of traffic: of each key the first few in a period are written, and the number
 * of those left out is added to the first message of the next period.
 */
import { type Clock, LruMap } from '../base/index.ts'
import type { LogFields, Logger } from './logger.ts'

export interface LogSamplerOptions {
  /** Messages of one key in one period. @default 5 */
  readonly messagesPerPeriod?: number
  /** @default 60 000 */
  readonly periodMs?: number
  /** Keys remembered; the one used longest ago is forgotten first. @default 256 */
  readonly maxKeys?: number
}

interface Window {
  startedAtMs: number
  written: number
  omitted: number
}

export class LogSampler {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #messagesPerPeriod: number
  readonly #periodMs: number
  readonly #windows: LruMap<string, Window>

  constructor(options: LogSamplerOptions, ports: { readonly log: Logger; readonly clock: Clock }) {
    this.#messagesPerPeriod = options.messagesPerPeriod ?? 5
    this.#periodMs = options.periodMs ?? 60_000
    this.#windows = new LruMap(options.maxKeys ?? 256)
    this.#log = ports.log
    this.#clock = ports.clock
  }

  /** `fields` is a function, so that a message that is left out costs nothing. */
  debug(key: string, fields: () => LogFields, message: string): void {
    if (!this.#log.isEnabled('debug')) return
    const nowMs = this.#clock.monotonicMs()
    let window = this.#windows.get(key)
    if (window === undefined) {
      window = { startedAtMs: nowMs, written: 0, omitted: 0 }
      this.#windows.set(key, window)
    }
    let omitted = 0
    if (nowMs - window.startedAtMs >= this.#periodMs) {
      omitted = window.omitted
      window.startedAtMs = nowMs
      window.written = 0
      window.omitted = 0
    }
    if (window.written >= this.#messagesPerPeriod) {
      window.omitted++
      return
    }
    window.written++
    this.#log.debug(omitted > 0 ? { ...fields(), omitted } : fields(), message)
  }
}
