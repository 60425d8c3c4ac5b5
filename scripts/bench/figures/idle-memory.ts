/**
 * What a started node holds in memory when nothing happens, its resident set as the kernel counts it: alone, in a network of ten
 * others, and after the models that come with the program have judged traffic and explained themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { seededRandom } from '../../../src/base/index.ts'
import { dataPaths } from '../../../src/config/index.ts'
import { FEATURES } from '../../../src/detection/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { writeHaproxyLog } from '../log/haproxy-log.ts'
import { medianOf } from '../median.ts'
import { NodeNetwork } from '../network/nodes.ts'

const RUNS = 5
const ALONE_GOAL = 130
const PEERS = 10
const PEERS_GOAL = 150
const MODELS_GOAL = 220
/** Traffic that is judged before: the sessions of so few clients are not what is measured. */
const TRAFFIC = { requests: 2_000, clients: 200 }
const JUDGED_MS = 60_000
const MEGABYTE = 1_000_000
const READY_MS = 30_000
/** Start-up garbage is gone by then: V8 shrinks its heap when it has been idle for some seconds. */
const SETTLE_MS = 15_000
/** Joining is work of its own, and so is what is told to whoever joins. */
const SETTLE_WITH_PEERS_MS = 30_000
const CONNECTED_MS = 60_000
const LOOK_MS = 100
const STOP_MS = 20_000
const MAX_TALK = 2_000
/** An invitation is longer than a complaint. */
const MAX_SAID = 32_768
const LOG = 'haproxy.log'
const WITHOUT_MODELS = '[detection]\npolicy = "rules"\nuseShippedModels = false\n'
const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'netminder.js')
const BARE = 'setInterval(() => undefined, 1_000)'

export const figure: BenchFigure = {
  name: 'idle-memory',
  goal: `.alone ≤ ${ALONE_GOAL} MB, .peers ≤ ${PEERS_GOAL} MB, .models ≤ ${MODELS_GOAL} MB`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    if (!existsSync('/proc/self/status')) {
      return PARTS.map(unmeasured)
    }
    const runs: Run[] = []
    for (let run = 0; run < RUNS; run++) {
      const [alone, bare] = await Promise.all([megabytesOfNode(), megabytesOfBareNode()])
      const models = await megabytesWithModels(context.seed)
      runs.push({ alone, bare, models, peers: await megabytesWithPeers() })
      context.progress(`idle-memory run ${run + 1} of ${RUNS}: ${describe(runs.at(-1))}`)
    }
    return PARTS.map((part) => lineOf(runs, part))
  }
}

interface Run {
  readonly alone: number
  readonly peers: number
  readonly models: number
  readonly bare: number
}

interface Part {
  readonly part: 'alone' | 'peers' | 'models'
  readonly goal: number
  readonly note: string
}

const PARTS: readonly Part[] = [
  {
    part: 'alone',
    goal: ALONE_GOAL,
    note: `resident set (VmRSS) of "netminder start" in a new data directory without models, ${SETTLE_MS / 1_000} s after it was ready`
  },
  {
    part: 'peers',
    goal: PEERS_GOAL,
    note: `the same after it founded a network and ${PEERS} nodes of another process joined, ${SETTLE_WITH_PEERS_MS / 1_000} s after all were connected`
  },
  {
    part: 'models',
    goal: MODELS_GOAL,
    note: `a new node as it is, ${SETTLE_MS / 1_000} s after the shipped model has judged ${TRAFFIC.requests} requests of ${TRAFFIC.clients} clients and explained a row`
  }
]

function describe(run: Run | undefined): string {
  const texts = Object.entries(run ?? {}).map(([name, value]) => `${name} ${value.toFixed(1)} MB`)
  return texts.join(', ')
}

function lineOf(runs: readonly Run[], { part, goal, note }: Part): FigureLine {
  const value = medianOf(runs.map((run) => run[part]))
  const reference = medianOf(runs.map(({ bare }) => bare))
  return {
    figure: `idle-memory.${part}`,
    value: Math.round(value * 10) / 10,
    unit: 'MB',
    reference: 'bare Node with one timer',
    reference_value: Math.round(reference * 10) / 10,
    ratio: Math.round((value / reference) * 1_000) / 1_000,
    goal: `≤ ${goal}`,
    met: value <= goal,
    samples: runs.length,
    note
  }
}

function unmeasured({ part, goal }: Part): FigureLine {
  return {
    figure: `idle-memory.${part}`,
    value: null,
    unit: 'MB',
    reference: null,
    reference_value: null,
    ratio: null,
    goal: `≤ ${goal}`,
    met: null,
    samples: 0,
    skipped: 'needs /proc of Linux'
  }
}

function megabytesOfNode(): Promise<number> {
  return withNode((node) => node.settledMegabytes(SETTLE_MS), WITHOUT_MODELS)
}

function megabytesWithPeers(): Promise<number> {
  return withNode(async (node, dataDir) => {
    const create = new Measured([LAUNCHER, 'network', 'create', 'bench', '--data-dir', dataDir])
    const invitation = (await create.finished()).trim()
    const peers = new NodeNetwork({ processes: 1, nodesEach: PEERS })
    try {
      await peers.join(invitation)
      await everyoneConnected(peers)
      return await node.settledMegabytes(SETTLE_WITH_PEERS_MS)
    } finally {
      await peers.close()
    }
  }, WITHOUT_MODELS)
}

function megabytesWithModels(seed: number): Promise<number> {
  return withNode(async (node, dataDir) => {
    const shape = { ...TRAFFIC }
    await writeHaproxyLog(join(dataDir, LOG), shape, seededRandom(seed))
    await judgedTraffic(dataDir)
    const features = Array.from(FEATURES, () => null)
    await ask(dataDir, '/api/ml/explain', { features })
    return await node.settledMegabytes(SETTLE_MS)
  })
}

async function judgedTraffic(dataDir: string): Promise<void> {
  const endMs = performance.now() + JUDGED_MS
  for (;;) {
    const { items } = performanceSchema.parse(await ask(dataDir, '/api/ml/performance'))
    const judgements = items.map(({ live }) => live?.judgements ?? 0)
    if (Math.max(0, ...judgements) >= TRAFFIC.clients) return
    if (performance.now() > endMs)
      throw new Error('expected the shipped model to judge, it did not')
    await sleep(LOOK_MS)
  }
}

const performanceSchema = z.object({
  items: z.array(z.object({ live: z.object({ judgements: z.number() }).nullable() }))
})

async function ask(dataDir: string, path: string, body?: unknown): Promise<unknown> {
  const { apiAddress, adminToken } = dataPaths(dataDir)
  const { url } = addressSchema.parse(JSON.parse(await readFile(apiAddress, 'utf8')))
  const authorization = `Bearer ${(await readFile(adminToken, 'utf8')).trim()}`
  const response = await fetch(new URL(path, url), {
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
  })
  if (!response.ok) throw new Error(`expected ${path} to answer, got ${response.status}`)
  return await response.json()
}

/** Peers that are connected with all others of their process and with one more. */
async function everyoneConnected(peers: NodeNetwork): Promise<void> {
  const endMs = performance.now() + CONNECTED_MS
  for (;;) {
    const states = await peers.states()
    const own = new Set(states.map(({ peerId }) => peerId))
    if (states.every(({ connected }) => connected.some((peer) => !own.has(peer)))) return
    if (performance.now() > endMs) throw new Error('expected all peers to be connected')
    await sleep(LOOK_MS)
  }
}

async function withNode(
  measure: (node: Measured, dataDir: string) => Promise<number>,
  config = ''
): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'netminder-idle-memory-'))
  try {
    // The ports are the system's choice: another node may run on this machine.
    const places = ['--api-port', '0', '--listen', '/ip4/127.0.0.1/tcp/0']
    const log = join(dataDir, LOG)
    await writeFile(log, '')
    await writeFile(dataPaths(dataDir).localConfig, config)
    places.push('--haproxy-log', log)
    await new Measured([LAUNCHER, 'init', '--data-dir', dataDir, ...places]).finished()
    const node = new Measured([LAUNCHER, 'start', '--data-dir', dataDir])
    try {
      await becameReady(node, dataPaths(dataDir).apiAddress)
      return await measure(node, dataDir)
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
    return await node.settledMegabytes(SETTLE_MS)
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
  #said = ''
  #talk = ''

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#exited = once(this.#child, 'close')
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-MAX_SAID)
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#talk = (this.#talk + text).slice(-MAX_TALK)
    })
  }

  requireAlive(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return
    throw new Error(`expected a running process, got its end: ${this.#talk.trim()}`)
  }

  /** @returns what it said on standard output, its end at least */
  async finished(): Promise<string> {
    await this.#exited
    if (this.#child.exitCode !== 0) {
      throw new Error(`expected exit code 0, got ${this.#child.exitCode}: ${this.#talk.trim()}`)
    }
    return this.#said
  }

  async settledMegabytes(settleMs: number): Promise<number> {
    await sleep(settleMs)
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
