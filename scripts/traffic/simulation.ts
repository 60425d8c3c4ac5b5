/** The day in order: clients act, HAProxy judges, the keyserver answers, and every line waits until its time has come. */
import type { AddressText } from '../../src/base/index.ts'
import type { Timed } from './background.ts'
import type { Activity, Answer, Client, ClientRequest } from './client.ts'
import { Heap } from './heap.ts'
import type { LabelBook } from './output/label-book.ts'
import type { Transit } from './transit.ts'

export interface SimulationPorts {
  readonly transit: Transit
  readonly labels: LabelBook
  /** What happens without a client. */
  readonly background: readonly Iterator<Timed>[]
  /** Lines that are due, in their order; awaited where the disk is slower than we are. */
  readonly flush: (untilMs: number) => Promise<void> | undefined
}

interface Actor {
  readonly activity: Activity
  readonly client: Client
  request: ClientRequest
}

export interface SimulationCounters {
  requests: number
  activities: number
  activeMax: number
}

const FLUSH_EVERY_MS = 5_000

/** @param sources each gives its activities in the order of their start */
export async function simulate(
  sources: readonly Iterator<Activity>[],
  span: { readonly fromMs: number; readonly toMs: number },
  ports: SimulationPorts
): Promise<SimulationCounters> {
  const counters: SimulationCounters = { requests: 0, activities: 0, activeMax: 0 }
  const due = new Heap<() => void>()
  const advance = (actor: Actor, answer: Answer | undefined) => {
    const next = answer === undefined ? actor.client.next() : actor.client.next(answer)
    if (next.done === true || next.value.atMs >= span.toMs) {
      ports.labels.close(actor.activity)
      return
    }
    actor.request = next.value
    due.push(Math.max(next.value.atMs, span.fromMs), () => act(actor))
  }
  const act = (actor: Actor) => {
    counters.requests++
    const answer = ports.transit.pass(actor.request)
    ports.labels.note(actor.activity, actor.request, answer)
    advance(actor, answer)
  }
  const begin = (source: Iterator<Activity>) => {
    const next = source.next()
    if (next.done === true || next.value.startMs >= span.toMs) return
    const activity = next.value
    due.push(activity.startMs, () => {
      counters.activities++
      begin(source)
      const client = activity.open()
      advance({ activity, client, request: NO_REQUEST }, undefined)
    })
  }
  const tick = (timer: Iterator<Timed>) => {
    const next = timer.next()
    if (next.done === true || next.value.atMs >= span.toMs) return
    due.push(next.value.atMs, () => {
      next.value.run()
      tick(timer)
    })
  }
  for (const timer of ports.background) tick(timer)
  for (const source of sources) begin(source)
  let flushedMs = span.fromMs
  for (;;) {
    const next = due.pop()
    if (next === undefined) break
    counters.activeMax = Math.max(counters.activeMax, due.size)
    if (next.atMs - flushedMs >= FLUSH_EVERY_MS) {
      flushedMs = next.atMs
      const writing = ports.flush(flushedMs)
      if (writing !== undefined) await writing
    }
    next.value()
  }
  ports.labels.closeAll()
  await ports.flush(Number.POSITIVE_INFINITY)
  return counters
}

const NO_ADDRESS: AddressText = '0.0.0.0'
/** Stands in an actor until its client has spoken for the first time. */
const NO_REQUEST: ClientRequest = {
  atMs: 0,
  source: NO_ADDRESS,
  method: '',
  target: '',
  intent: { kind: 'garbage' },
  agent: {
    tool: '',
    userAgent: '',
    acceptLanguage: '',
    httpVersion: '1.1',
    isTls: false,
    host: '',
    otherBytes: 0,
    sendsConnection: false
  }
}
