/** One log source over real files, pipes and sockets, with a clock that the test moves: nothing waits for real time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ManualClock } from '../../src/base/index.ts'
import {
  createLogSource,
  type LogSource,
  type LogSourceOptions,
  type LogSourceSnapshot,
  type LogSourceStatus,
  type RequestEvent,
  type TrafficEvent,
  type UnparsedCause,
  type WatchFile
} from '../../src/keyserver/index.ts'
import { LOG_START_MS } from './log-lines.ts'

const POLL_MS = 200
/** Bound of real time for what other processes and the kernel do. */
const PATIENCE_MS = 15_000

/** Knows whether somebody waits on it: then a follower has done all that it can do for now. */
class WatchedClock extends ManualClock {
  sleepers = 0

  override async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    this.sleepers++
    try {
      await super.sleep(durationMs, signal)
    } finally {
      this.sleepers--
    }
  }
}

export class SourceRig {
  readonly clock = new WatchedClock(LOG_START_MS)
  readonly unparsed: { cause: UnparsedCause; line: string }[] = []
  /** Codes in the order of `onProblem`; undefined where one was over. */
  readonly problems: (string | undefined)[] = []
  events: TrafficEvent[] = []
  /** What tells of writes; none: files are polled alone. */
  watchFile: WatchFile | undefined
  #source: LogSource | undefined
  #snapshot: LogSourceSnapshot | undefined

  /** Starts the source where the last one stood, through JSON as the checkpoint does it. */
  async start(
    options: Omit<LogSourceOptions, 'name' | 'timeZone' | 'snapshot' | 'pollMs'>,
    stdin?: Readable
  ): Promise<void> {
    const snapshot = this.#snapshot && JSON.parse(JSON.stringify(this.#snapshot))
    this.#source = createLogSource(
      { ...options, name: 'log', timeZone: 'UTC', snapshot, pollMs: POLL_MS },
      {
        clock: this.clock,
        sink: (event) => this.events.push(event),
        onUnparsed: (cause, line) => this.unparsed.push({ cause, line }),
        onProblem: (problem) => this.problems.push(problem?.code),
        watchFile: this.watchFile,
        stdin
      }
    )
    await this.#source.start(new AbortController().signal)
    const { kind } = options.transport
    if (kind === 'file' || kind === 'docker-json') await this.#asleep()
  }

  get status(): LogSourceStatus {
    if (this.#source === undefined) throw new Error('expected a started source')
    return this.#source.status()
  }

  /** What a checkpoint would save now. */
  checkpoint(): void {
    this.#snapshot = this.#source?.snapshot()
  }

  /** An orderly stop: the position of the end is saved. */
  async stop(): Promise<void> {
    if (this.#source === undefined) return
    await this.#source.stop()
    this.checkpoint()
    this.#source = undefined
  }

  /** As `kill -9` ends it: what stands in the last checkpoint is all that remains. */
  async kill(): Promise<void> {
    await this.#source?.stop()
    this.#source = undefined
  }

  /** Lets a follower look `times` more times, `stepMs` apart, each time to the end. */
  async look(times = 2, stepMs = POLL_MS): Promise<void> {
    for (let time = 0; time < times; time++) {
      await this.#asleep()
      await this.clock.advance(stepMs)
      await this.#asleep()
    }
  }

  /** Waits in real time for what comes over a socket or a pipe. */
  async until(isTrue: () => boolean): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS
    while (!isTrue()) {
      if (performance.now() > endMs) throw new Error(`expected ${isTrue} to become true`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** The `search=` of every request, in the order of the events: test lines are numbered there. */
  numbers(): number[] {
    return this.events
      .filter((event): event is RequestEvent => event.kind === 'request')
      .map((event) => Number(/search=0x0*(\d+)/.exec(event.target)?.[1] ?? Number.NaN))
  }

  async #asleep(): Promise<void> {
    await this.until(() => this.clock.sleepers > 0)
  }
}

/** One numbered line of nginx's combined format. */
export function numbered(number: number): string {
  return `203.0.113.${number % 250} - - [23/Nov/2026:03:16:35 +0000] "GET /pks/lookup?op=get&search=0x${String(number).padStart(8, '0')} HTTP/1.1" 200 1234 "-" "curl/7.88.1"`
}

export function countTo(end: number): number[] {
  return Array.from({ length: end }, (_, index) => index)
}

export async function inTemporaryDirectory(
  work: (directory: string) => Promise<void>
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'netminder-source-'))
  try {
    await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
