/** The model of the stock rules, put to the recorded requests: does it refuse what HAProxy refused? */
import type { AddressText } from '../../../src/base/index.ts'
import { type RequestEvent, replayLogs } from '../../../src/keyserver/index.ts'
import type { ClientRequest } from '../client.ts'
import { HaproxyModel } from '../haproxy/haproxy-model.ts'

export interface StockAgreement {
  readonly requests: number
  readonly refusedByBoth: number
  readonly refusedByHaproxy: number
  readonly refusedByModel: number
}

export interface StockCheckOptions {
  readonly hosts: readonly string[]
  readonly torExits: ReadonlySet<AddressText>
  /** Counted; all others only pass. An excerpt lacks what some sources did before it. @default all */
  readonly only?: ReadonlySet<AddressText>
}

const AGENT = {
  tool: '',
  userAgent: '',
  acceptLanguage: '',
  httpVersion: '1.1',
  isTls: false,
  host: '',
  otherBytes: 0,
  sendsConnection: false
} as const

/** Both front ends: limits, the crawler rule, Tor's bucket, wrong hosts and methods. */
export async function checkStockRules(
  log: string,
  options: StockCheckOptions
): Promise<StockAgreement> {
  const events: RequestEvent[] = []
  await replayLogs(
    { haproxy: log, timeZone: 'UTC' },
    {
      sink: (event) => {
        if (event.kind === 'request' && event.outcome !== 'malformed' && event.target !== '') {
          events.push(event)
        }
      }
    }
  )
  events.sort((a, b) => a.atMs - b.atMs)
  const model = new HaproxyModel({ ...options, isBehindProxy: false })
  const agreement: Counts = {
    requests: 0,
    refusedByBoth: 0,
    refusedByHaproxy: 0,
    refusedByModel: 0
  }
  for (const event of events) {
    const request: ClientRequest = {
      atMs: event.atMs,
      source: event.source,
      agent: AGENT,
      method: event.method,
      target: event.target,
      intent: { kind: 'missing-file' }
    }
    const { verdict, client } = model.front(request)
    const isRefused = verdict !== 'pass' || model.back(request, event.host).kind !== 'pass'
    const wasRefused = event.outcome === 'denied' || event.outcome === 'tarpitted'
    const isCounted = options.only?.has(event.source) ?? true
    if (isCounted) count(agreement, isRefused, wasRefused)
    const endMs = event.atMs + event.durationMs
    client.open(event.atMs, endMs)
    if (event.status >= 400 && event.status < 500 && verdict === 'pass')
      client.errors.add(event.atMs)
  }
  return agreement
}

type Counts = { -readonly [Key in keyof StockAgreement]: StockAgreement[Key] }

function count(agreement: Counts, isRefused: boolean, wasRefused: boolean): void {
  agreement.requests++
  if (isRefused) agreement.refusedByModel++
  if (wasRefused) agreement.refusedByHaproxy++
  if (isRefused && wasRefused) agreement.refusedByBoth++
}
