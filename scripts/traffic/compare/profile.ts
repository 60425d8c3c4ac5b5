/** Distributions of one class of sources in one recording, bounded in memory by sampling. */
import { readLabels } from '../../../src/datasets/index.ts'
import { type RequestEvent, replayLogs } from '../../../src/keyserver/index.ts'
import { Draw } from '../draw.ts'

const SAMPLE_MAX = 20_000
/** A uniform sample of everything that was added (reservoir). */
export class Sample {
  readonly #values: number[] = []
  readonly #draw = new Draw(1)
  #seen = 0

  add(value: number): void {
    this.#seen++
    if (this.#values.length < SAMPLE_MAX) {
      this.#values.push(value)
      return
    }
    const at = this.#draw.below(this.#seen)
    if (at < SAMPLE_MAX) this.#values[at] = value
  }

  sorted(): Float64Array {
    return Float64Array.from(this.#values).sort()
  }
}

export class ClassProfile {
  sources = 0
  requests = 0
  readonly requestsPerSource = new Sample()
  readonly gapSeconds = new Sample()
  readonly bytesIn = new Sample()
  readonly bytesOut = new Sample()
  readonly status = new Map<string, number>()
  readonly outcome = new Map<string, number>()
  readonly agent = new Map<string, number>()
  readonly path = new Map<string, number>()

  add(event: RequestEvent): void {
    this.requests++
    this.bytesIn.add(event.bytesIn)
    if (event.outcome === 'served') this.bytesOut.add(event.bytesOut)
    count(this.status, String(event.status))
    count(this.outcome, event.outcome)
    count(this.agent, agentKind(event.userAgent))
    count(this.path, pathKind(event))
  }
}

interface Span {
  readonly className: string
  readonly fromMs: number
  readonly toMs: number
}

interface SourceState {
  readonly spans: Span[]
  readonly requests: Map<string, number>
  isMixed: boolean
  lastMs: number
}

const SLACK_MS = 2_000

export async function profileTraffic(
  input: { readonly log: string; readonly truthPath: string },
  profiles: Map<string, ClassProfile>
): Promise<Map<string, ClassProfile>> {
  const sources = await readSources(input.truthPath)
  await replayLogs(
    { haproxy: input.log, timeZone: 'UTC' },
    {
      sink: (event) => {
        if (event.kind !== 'request') return
        const state = sources.get(event.source)
        const className = state && classAt(state, event.atMs)
        if (state === undefined || className === undefined) return
        const profile = profiles.get(className) ?? new ClassProfile()
        profiles.set(className, profile)
        const requests = state.requests.get(className) ?? 0
        if (requests > 0) profile.gapSeconds.add(Math.max(0, event.atMs - state.lastMs) / 1000)
        state.requests.set(className, requests + 1)
        state.lastMs = event.atMs
        profile.add(event)
      }
    }
  )
  for (const { requests } of sources.values()) {
    for (const [className, count] of requests) {
      const profile = profiles.get(className)
      if (profile === undefined) continue
      profile.sources++
      profile.requestsPerSource.add(count)
    }
  }
  return profiles
}

/** Undefined where two activities of the address overlap: they would smear into each other. */
function classAt(state: SourceState, atMs: number): string | undefined {
  if (state.isMixed) return undefined
  let found: string | undefined
  for (const { className, fromMs, toMs } of state.spans) {
    if (atMs < fromMs - SLACK_MS || atMs > toMs + SLACK_MS) continue
    if (found !== undefined && found !== className) return undefined
    found = className
  }
  return found
}

async function readSources(path: string): Promise<Map<string, SourceState>> {
  const sources = new Map<string, SourceState>()
  for (const { source, class: className, label, fromMs, toMs } of await readLabels(path, {
    isTruth: true
  })) {
    const state: SourceState = sources.get(source) ?? {
      spans: [],
      requests: new Map(),
      isMixed: false,
      lastMs: 0
    }
    state.spans.push({ className, fromMs, toMs })
    if (label === 'mixed') state.isMixed = true
    sources.set(source, state)
  }
  return sources
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function agentKind(userAgent: string): string {
  if (userAgent === '') return 'none'
  if (!userAgent.startsWith('Mozilla/'))
    return userAgent.split(/[ /]/, 1)[0] === '' ? 'odd' : 'program'
  return /compatible|zgrab/.test(userAgent) ? 'says-what-it-is' : 'browser'
}

function pathKind({ method, target }: RequestEvent): string {
  if (target === '') return 'unreadable'
  const path = target.split('?', 1)[0] ?? ''
  const op = /[?&]op=([a-z]+)/.exec(target)?.[1]
  if (path === '/pks/lookup') return op === undefined ? 'lookup without op' : op
  if (path.startsWith('/pks/')) return path.slice(5).split('/', 1)[0] ?? ''
  if (/^\/(?:get|g|s|search|d|download)\//.test(path)) return 'short path'
  if (path === '/' || path.startsWith('/assets') || path === '/favicon.ico') return 'page'
  return method === 'GET' ? 'other path' : 'other path, other method'
}
