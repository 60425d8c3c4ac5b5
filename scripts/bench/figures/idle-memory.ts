/** What a started node without models holds in memory when nothing happens: its resident set, as the kernel counts it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { dataPaths } from '../../../src/config/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'

const RUNS = 5
const GOAL = 130
const MEGABYTE = 1_000_000
const READY_MS = 30_000
/** Start-up garbage is gone by then: V8 shrinks its heap when it has been idle for some seconds. */
const SETTLE_MS = 15_000
const LOOK_MS = 100
const STOP_MS = 20_000
const MAX_TALK = 2_000
const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'netminder.js')
const BARE = 'setInterval(() => undefined, 1_000)'

export const figure: BenchFigure = {
  name: 'idle-memory',
  goal: `.alone ≤ ${GOAL} MB`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    if (!existsSync('/proc/self/status')) return [unmeasured('needs /proc of Linux')]
    const ours: number[] = []
    const theirs: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const [own, bare] = await Promise.all([megabytesOfNode(), megabytesOfBareNode()])
      ours.push(own)
      theirs.push(bare)
      context.progress(
        `idle-memory run ${run + 1} of ${RUNS}: ${own.toFixed(1)} MB, bare Node ${bare.toFixed(1)} MB`
      )
    }
    const value = medianOf(ours)
    const reference = medianOf(theirs)
    return [
      {
        figure: 'idle-memory.alone',
        value: Math.round(value * 10) / 10,
        unit: 'MB',
        reference: 'bare Node with one timer',
        reference_value: Math.round(reference * 10) / 10,
        ratio: Math.round((value / reference) * 1_000) / 1_000,
        goal: `≤ ${GOAL}`,
        met: value <= GOAL,
        samples: RUNS,
        note: `resident set (VmRSS) of "netminder start" in a new data directory, ${SETTLE_MS / 1_000} s after it was ready`
      }
    ]
  }
}

function unmeasured(reason: string): FigureLine {
  return {
    figure: 'idle-memory.alone',
    value: null,
    unit: 'MB',
    reference: null,
    reference_value: null,
    ratio: null,
    goal: `≤ ${GOAL}`,
    met: null,
    samples: 0,
    skipped: reason
  }
}

async function megabytesOfNode(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'netminder-idle-memory-'))
  try {
    // The port is the system's choice: another node may run on this machine.
    const init = new Measured([LAUNCHER, 'init', '--data-dir', dataDir, '--api-port', '0'])
    await init.finished()
    const node = new Measured([LAUNCHER, 'start', '--data-dir', dataDir])
    try {
      await becameReady(node, dataPaths(dataDir).apiAddress)
      return await node.settledMegabytes()
    } finally {
      await node.stop()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function megabytesOfBareNode(): Promise<number> {
  const node = new Measured(['-e', BARE])
  try {
    return await node.settledMegabytes()
  } finally {
    await node.stop()
  }
}

const addressSchema = z.object({ url: z.url() })

async function becameReady(node: Measured, addressFile: string): Promise<void> {
  const endMs = performance.now() + READY_MS
  while (performance.now() < endMs) {
    node.requireAlive()
    const text = await readFile(addressFile, 'utf8').catch(() => undefined)
    if (text !== undefined && (await isReady(text))) return
    await sleep(LOOK_MS)
  }
  throw new Error(`expected a node that is ready within ${READY_MS / 1_000} s`)
}

async function isReady(address: string): Promise<boolean> {
  try {
    const { url } = addressSchema.parse(JSON.parse(address))
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_MS) })).ok
  } catch {
    return false
  }
}

/** A Node process of ours. */
class Measured {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #talk = ''

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#talk = (this.#talk + text).slice(-MAX_TALK)
    })
  }

  requireAlive(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return
    throw new Error(`expected a running process, got its end: ${this.#talk.trim()}`)
  }

  async finished(): Promise<void> {
    await this.#exited
    if (this.#child.exitCode !== 0) {
      throw new Error(`expected exit code 0, got ${this.#child.exitCode}: ${this.#talk.trim()}`)
    }
  }

  async settledMegabytes(): Promise<number> {
    await sleep(SETTLE_MS)
    this.requireAlive()
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8')
    const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN)
    if (Number.isNaN(kibibytes)) throw new Error('expected VmRSS in /proc, got none')
    return (kibibytes * 1_024) / MEGABYTE
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const killing = new AbortController()
    const kill = async () => {
      await sleep(STOP_MS, undefined, { signal: killing.signal })
      this.#child.kill('SIGKILL')
    }
    await Promise.race([this.#exited, kill()])
    killing.abort()
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
  }
}
