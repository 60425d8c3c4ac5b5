/**
 * What a plain classifier would take of a source: one row of counts, shares and gaps over its whole recording, the future included,
 * and nothing of anybody else. The yardstick; it could not run on a live node.
 */
import type { AddressText } from '../../../src/base/index.ts'
import type { RequestEvent, TrafficEvent } from '../../../src/keyserver/index.ts'
import type { FeatureSpec } from '../../../src/runtime/index.ts'

const SHARES = [
  'get',
  'post',
  'lookup',
  'op_get',
  'op_index',
  'upload',
  'hashquery',
  'stats',
  'other_path',
  'long_id',
  'fingerprint',
  'mail_address',
  'machine_readable',
  'status_2xx',
  'status_404',
  'status_4xx',
  'status_5xx',
  'denied',
  'tarpitted',
  'malformed',
  'timed_out',
  'tls',
  'http2',
  'http10',
  'no_agent',
  'browser_agent',
  'referer',
  'language',
  'tor_limited'
] as const
type ShareName = (typeof SHARES)[number]
const NUMBERS = [
  'requests',
  'seconds',
  'gap_mean',
  'gap_variation',
  'distinct_share',
  'agents',
  'bytes_in_mean',
  'bytes_in_max',
  'bytes_in_std',
  'bytes_out_mean',
  'bytes_out_max',
  'target_length_mean',
  'inserted',
  'updated',
  'ignored',
  'notices',
  'recon'
] as const

export const SESSION_FEATURES: readonly FeatureSpec[] = [...NUMBERS, ...SHARES].map((name) => ({
  name,
  kind: 'numeric'
}))

const DISTINCT_MAX = 2_000

class Sums {
  count = 0
  sum = 0
  squares = 0
  max = 0

  add(value: number): void {
    this.count++
    this.sum += value
    this.squares += value * value
    if (value > this.max) this.max = value
  }

  get mean(): number {
    return this.count === 0 ? Number.NaN : this.sum / this.count
  }

  get deviation(): number {
    return Math.sqrt(Math.max(0, this.squares / this.count - this.mean ** 2))
  }
}

class Session {
  readonly counts = new Map<ShareName, number>()
  readonly targets = new Set<string>()
  readonly agents = new Set<string>()
  readonly gaps = new Sums()
  readonly bytesIn = new Sums()
  readonly bytesOut = new Sums()
  readonly lengths = new Sums()
  requests = 0
  firstMs = Number.NaN
  lastMs = Number.NaN
  inserted = 0
  updated = 0
  ignored = 0
  notices = 0
  recon = 0

  noteRequest(event: RequestEvent): void {
    this.requests++
    if (Number.isNaN(this.firstMs)) this.firstMs = event.atMs
    else this.gaps.add(Math.max(0, event.atMs - this.lastMs) / 1_000)
    this.lastMs = event.atMs
    if (this.targets.size < DISTINCT_MAX) this.targets.add(event.target)
    if (this.agents.size < DISTINCT_MAX) this.agents.add(event.userAgent)
    this.bytesIn.add(event.bytesIn)
    this.bytesOut.add(event.bytesOut)
    this.lengths.add(event.target.length)
    for (const name of sharesOf(event)) this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  row(): Float32Array {
    const { gaps, bytesIn, bytesOut, requests } = this
    return Float32Array.from([
      requests,
      (this.lastMs - this.firstMs) / 1_000,
      gaps.mean,
      gaps.deviation / gaps.mean,
      Math.min(this.targets.size, requests) / requests,
      this.agents.size,
      bytesIn.mean,
      bytesIn.max,
      bytesIn.deviation,
      bytesOut.mean,
      bytesOut.max,
      this.lengths.mean,
      ...[this.inserted, this.updated, this.ignored, this.notices, this.recon],
      ...SHARES.map((name) => (this.counts.get(name) ?? 0) / requests)
    ])
  }
}

/** Every source of one recording. */
export class WholeSessions {
  readonly #sessions = new Map<AddressText, Session>()

  note(event: TrafficEvent): void {
    switch (event.kind) {
      case 'request':
        this.#of(event.source).noteRequest(event)
        return
      case 'submission': {
        if (event.source === undefined) return
        const session = this.#of(event.source)
        session.inserted += event.inserted.length
        session.updated += event.updated.length
        session.ignored += event.ignored.length
        return
      }
      case 'keyserver-notice':
        if (event.source !== undefined) this.#of(event.source).notices++
        return
      case 'recon':
        if (event.peer !== undefined) this.#of(event.peer).recon++
        return
      default:
        return
    }
  }

  rows(): ReadonlyMap<AddressText, Float32Array> {
    return new Map([...this.#sessions].map(([source, session]) => [source, session.row()]))
  }

  #of(source: AddressText): Session {
    const known = this.#sessions.get(source)
    if (known !== undefined) return known
    const session = new Session()
    this.#sessions.set(source, session)
    return session
  }
}

/** Those of the words above that hold of one request. */
function sharesOf(event: RequestEvent): readonly ShareName[] {
  const path = event.target.split('?', 1)[0] ?? ''
  const query = event.target.slice(path.length)
  const isLookup = path === '/pks/lookup'
  const isUpload = path === '/pks/add'
  const isHashquery = path === '/pks/hashquery'
  const isStats = path === '/pks/stats' || query.includes('op=stats')
  const { status, outcome } = event
  const held: readonly (readonly [ShareName, boolean])[] = [
    ['get', event.method === 'GET'],
    ['post', event.method === 'POST'],
    ['lookup', isLookup],
    ['op_get', isLookup && query.includes('op=get')],
    ['op_index', isLookup && /op=v?index/.test(query)],
    ['upload', isUpload],
    ['hashquery', isHashquery],
    ['stats', isStats],
    ['other_path', !(isLookup || isUpload || isHashquery || isStats)],
    ['long_id', /search=0x[0-9a-f]{16}(?:&|$)/i.test(query)],
    ['fingerprint', /search=0x[0-9a-f]{40}/i.test(query)],
    ['mail_address', /search=[^&]*(?:@|%40)/i.test(query)],
    ['machine_readable', query.includes('options=mr')],
    ['status_2xx', status >= 200 && status < 300],
    ['status_404', status === 404],
    ['status_4xx', status >= 400 && status < 500],
    ['status_5xx', status >= 500],
    ['denied', outcome === 'denied'],
    ['tarpitted', outcome === 'tarpitted'],
    ['malformed', outcome === 'malformed'],
    ['timed_out', outcome === 'timed-out'],
    ['tls', event.isTls],
    ['http2', event.httpVersion.startsWith('2')],
    ['http10', event.httpVersion === '1.0'],
    ['no_agent', event.userAgent === ''],
    ['browser_agent', event.userAgent.startsWith('Mozilla/')],
    ['referer', event.referer !== ''],
    ['language', event.acceptLanguage !== ''],
    ['tor_limited', event.isRateLimited]
  ]
  return held.filter(([, holds]) => holds).map(([name]) => name)
}
