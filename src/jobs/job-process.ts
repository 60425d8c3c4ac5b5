/** The process that works on one job: started at the lowest priority, listened to, measured, and ended when it must be. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../base/index.ts'
import { type ProcessUsage, readUsage } from './process-usage.ts'
import type { WorkReport } from './worker/work-report.ts'
import { WORK_FILE } from './worker/work-spec.ts'

export interface JobProcessOptions {
  readonly dir: string
  readonly memoryBytesMax: number
  /** Words before the program, as `idlePrefix` found them. */
  readonly prefix: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export interface JobProcessPorts {
  readonly clock: Clock
  /** Ends the process; what it has done is kept. */
  readonly signal: AbortSignal
  readonly onReport: (report: Exclude<WorkReport, { type: 'failed' | 'done' }>) => void
  readonly onUsage: (usage: ProcessUsage) => void
}

export type JobOutcome =
  | { readonly kind: 'done'; readonly report: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** It ended without a word. */
  | { readonly kind: 'crashed'; readonly reason: string }
  | { readonly kind: 'stopped' }

const USAGE_MS = 500
const STOP_TIMEOUT_MS = 3_000
const LINE_CHARACTERS_MAX = 4 * 1_048_576
const STDERR_CHARACTERS_KEPT = 2_000
const MIB = 1_048_576
/** Of the memory, what V8 may use for objects; columns, bins and forests lie beside them. */
const HEAP_SHARE = 0.6

const PROGRAM = fileURLToPath(
  new URL(`./worker/main.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
)

export async function runJobProcess(
  options: JobProcessOptions,
  ports: JobProcessPorts
): Promise<JobOutcome> {
  if (ports.signal.aborted) return { kind: 'stopped' }
  return await new JobProcess(options, ports).ended()
}

class JobProcess {
  readonly #options: JobProcessOptions
  readonly #ports: JobProcessPorts
  readonly #child: ChildProcess
  readonly #measuring = new AbortController()
  #said: JobOutcome | undefined
  #line = ''
  #stderr = ''

  constructor(options: JobProcessOptions, ports: JobProcessPorts) {
    this.#options = options
    this.#ports = ports
    const heapMb = Math.max(64, Math.floor((options.memoryBytesMax / MIB) * HEAP_SHARE))
    const [program = process.execPath, ...words] = [
      ...options.prefix,
      ...[process.execPath, `--max-old-space-size=${heapMb}`, '--no-warnings'],
      ...[PROGRAM, options.dir, String(process.pid)]
    ]
    this.#child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...options.environment },
      cwd: options.dir
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_KEPT)
    })
  }

  async ended(): Promise<JobOutcome> {
    const { signal, clock } = this.#ports
    const onAbort = () => this.#end()
    signal.addEventListener('abort', onAbort, { once: true })
    clock.every(USAGE_MS, () => this.#measure(), this.#measuring.signal)
    try {
      const how = await new Promise<string>((resolve) => {
        this.#child.once('error', (error) => resolve(error.message))
        // Not `exit`: what it said last may still be on its way.
        this.#child.once('close', (code, by) =>
          resolve(by === null ? `exit code ${code}` : `signal ${by}`)
        )
      })
      if (this.#said !== undefined) return this.#said
      if (signal.aborted) return { kind: 'stopped' }
      if (/heap out of memory|allocation failed/i.test(this.#stderr)) return this.#tooLarge()
      const words = this.#stderr.trim().split('\n').at(-1) ?? ''
      return { kind: 'crashed', reason: words === '' ? how : `${how} (${words.slice(0, 200)})` }
    } finally {
      this.#measuring.abort()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    if (this.#line.length > LINE_CHARACTERS_MAX) this.#child.kill('SIGKILL')
    for (const line of lines) this.#take(line)
  }

  #take(line: string): void {
    let report: WorkReport
    try {
      report = JSON.parse(line) as WorkReport
    } catch {
      return
    }
    if (report.type === 'done') this.#said = { kind: 'done', report: report.report }
    else if (report.type === 'failed') this.#said = { ...report, kind: 'failed' }
    else this.#ports.onReport(report)
  }

  async #measure(): Promise<void> {
    const { pid } = this.#child
    const usage = pid === undefined ? undefined : await readUsage(pid)
    if (usage === undefined || this.#measuring.signal.aborted) return
    this.#ports.onUsage(usage)
    if (usage.memoryBytes <= this.#options.memoryBytesMax) return
    this.#said = this.#tooLarge()
    this.#child.kill('SIGKILL')
  }

  #tooLarge(): JobOutcome {
    const most = Math.round(this.#options.memoryBytesMax / MIB)
    return {
      kind: 'failed',
      code: 'MEMORY_EXCEEDED',
      message: `expected a training within ${most} MiB (training.memoryMb), got one that needs more: give it fewer rows, or more memory`
    }
  }

  #end(): void {
    // It keeps nothing that an end at any moment could spoil.
    this.#child.kill('SIGTERM')
    void this.#ports.clock.sleep(STOP_TIMEOUT_MS, this.#measuring.signal).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined
    )
  }
}

/** Ends a process that an earlier life of the node left behind in this folder, unless something else has its number by now. */
export function endOrphan(dir: string): boolean {
  try {
    const pid = Number(readFileSync(join(dir, WORK_FILE.pid), 'utf8'))
    if (!(pid > 1) || pid === process.pid) return false
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    if (!words.includes(dir)) return false
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}
