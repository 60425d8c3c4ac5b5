/** One request on its way: through HAProxy's front end, its inner front end and the keyserver, and what each of them writes. */
import type { AddressText } from '../../src/base/index.ts'
import type { Answer, ClientRequest, Intent } from './client.ts'
import { type Draw, hashOf } from './draw.ts'
import { frontCaptures } from './haproxy/front-captures.ts'
import { type HaproxyModel, rewritten } from './haproxy/haproxy-model.ts'
import {
  type HaproxyRecord,
  haproxyLine,
  stamp,
  type Timers,
  timersOf
} from './haproxy/haproxy-writer.ts'
import { addedBytes, forwardedChain, requestBytes } from './haproxy/request-bytes.ts'
import type { TrackedClient } from './haproxy/stick-table.ts'
import type { KeyserverModel } from './keyserver/keyserver-model.ts'
import { reconLines } from './keyserver/recon-lines.ts'
import type { LineQueue } from './output/line-queue.ts'

export interface TransitPorts {
  readonly haproxy: HaproxyModel
  readonly keyserver: KeyserverModel
  readonly haproxyLog: LineQueue
  readonly hockeypuckLog: LineQueue
  readonly draw: Draw
  /** TCP peers of a CDN or proxy in front; none if clients connect themselves. */
  readonly edges: readonly AddressText[]
}

interface Connection {
  readonly port: number
  readonly endMs: number
}

const FRONT = 'fe_http_handler'
const BACK = 'fe_hockeypuck_ddos_lb'
const REWRITE = 'be_hockeypuck_rewrite/hockeypuck_lb_ddos'
const TARPIT_MS = 15_001
/** An idle connection is closed then. */
const IDLE_MAX_MS = 5_000
const CONNECTIONS_MAX = 4_096
/** HAProxy has read so much of a body when its inner front end refuses it (as recorded). */
const BUFFER_BYTES = 30_552
const INNER_BUFFER_BYTES = 15_224

interface Way {
  readonly request: ClientRequest
  readonly atMs: number
  readonly peer: AddressText
  readonly port: number
  readonly receiveMs: number
  readonly rttMs: number
  readonly host: string
  readonly bytesIn: number
  readonly client: TrackedClient
}

export class Transit {
  readonly #ports: TransitPorts
  readonly #connections = new Map<AddressText, Connection>()

  constructor(ports: TransitPorts) {
    this.#ports = ports
  }

  pass(request: ClientRequest): Answer {
    switch (request.intent.kind) {
      case 'recon-probe':
      case 'recon-upsert':
        return this.#recon(request, request.intent)
      case 'handshake-failure':
        return this.#handshakeFailure(request)
      case 'garbage':
      case 'slow-headers':
        return this.#unreadable(request, request.intent)
      default:
        return this.#request(request)
    }
  }

  #request(request: ClientRequest): Answer {
    const { verdict, client } = this.#ports.haproxy.front(request)
    const way = this.#way(request, client)
    switch (verdict) {
      case 'pass':
        return this.#inner(way)
      case 'tarpit':
        return this.#frontTarpit(way)
      case 'deny-429':
        return this.#frontDeny(way, { status: 429, bytesOut: 166 })
      case 'deny-403':
        return this.#frontDeny(way, { status: 403, bytesOut: 192 })
    }
  }

  #way(request: ClientRequest, client: TrackedClient): Way {
    const { source, agent } = request
    const atMs = Math.floor(request.atMs)
    const { edges } = this.#ports
    const peer = edges[hashOf(7, source) % Math.max(1, edges.length)] ?? source
    const rttMs = 6 + ((hashOf(1, source) % 1000) / 1000) ** 2 * 170
    const last = request.isKept === true ? this.#connections.get(source) : undefined
    const isOpen = last !== undefined && atMs >= last.endMs && atMs - last.endMs < IDLE_MAX_MS
    const kept = isOpen ? last : undefined
    const port = kept?.port ?? this.#ports.draw.between(1_100, 65_000)
    const receiveMs =
      kept === undefined
        ? this.#openingMs(agent.isTls, edges.length > 0 ? 4 : rttMs)
        : Math.max(0, atMs - Math.floor(kept.endMs))
    const host = request.host ?? agent.host
    return {
      request,
      atMs,
      peer,
      port,
      receiveMs,
      rttMs,
      host,
      bytesIn: requestBytes(request, host),
      client
    }
  }

  /** Handshakes take the round trips that they take; a request in the clear comes one after the connection. */
  #openingMs(isTls: boolean, rttMs: number): number {
    const { draw } = this.#ports
    if (!isTls) return draw.chance(0.5) ? 0 : Math.round(rttMs * draw.uniform(0, 0.6))
    return Math.round(rttMs * draw.uniform(1, 2.1) + draw.exponential(4))
  }

  #inner(way: Way): Answer {
    const { haproxy } = this.#ports
    const verdict = haproxy.back(way.request, way.host)
    if (verdict.kind === 'pass') {
      const { intent } = way.request
      return intent.kind === 'slow-body' ? this.#unfinished(way, intent.heldMs) : this.#served(way)
    }
    if (verdict.kind === 'tarpit') return this.#innerTarpit(way)
    return this.#torRefusal(way, verdict.kind)
  }

  #served(way: Way): Answer {
    const { request, atMs } = way
    const { keyserver, hockeypuckLog, draw } = this.#ports
    const target = rewritten(request.target)
    const served = keyserver.serve(request, { target, host: way.host })
    const respond = Math.max(0, Math.round(served.handlerMs))
    const flights = served.bytesOut > 14_000 ? Math.log2(served.bytesOut / 14_000) : 0
    const { reading } = request
    const transfer = Math.max(
      Math.round(flights * way.rttMs * 0.5),
      Math.round(reading?.forMs ?? 0)
    )
    const ended = reading?.isAborted === true ? 'CL--' : '----'
    const endMs = atMs + respond + transfer
    for (const line of served.lines(atMs + served.handlerMs)) {
      hockeypuckLog.push(atMs + served.handlerMs, line)
    }
    const backend = served.isPrimary
      ? 'be_hockeypuck_primary/srv_hockeypuck'
      : 'be_hockeypuck/srv_keyserver'
    const lag = draw.chance(0.12) ? 1 : 0
    const { status, bytesOut } = served
    this.#write(endMs, [
      this.#backRecord(
        way,
        { backend, status, bytesOut, ended: '----' },
        timersOf({ respond, total: respond + transfer })
      ),
      this.#frontRecord(
        way,
        { backend: REWRITE, status, bytesOut, ended },
        timersOf({
          receive: way.receiveMs,
          respond: respond + lag,
          total: way.receiveMs + respond + transfer + lag
        })
      )
    ])
    if (status >= 400 && status < 500) way.client.errors.add(atMs)
    return this.#finish(way, {
      status,
      outcome: status >= 500 ? 'failed' : 'served',
      endMs,
      isLogged: true
    })
  }

  /** The keyserver waits for the rest of the body and is never asked: it writes nothing. */
  #unfinished(way: Way, heldMs: number): Answer {
    const total = Math.round(heldMs)
    const gone = { status: -1, bytesOut: 0, ended: 'CD--' }
    const timers = timersOf({ respond: -1, total })
    const sent = {
      ...way,
      bytesIn: way.bytesIn - (way.request.bodyBytes ?? 0) + this.#ports.draw.below(400)
    }
    this.#write(way.atMs + total, [
      this.#backRecord(sent, { ...gone, backend: 'be_hockeypuck_primary/srv_hockeypuck' }, timers),
      this.#frontRecord(sent, { ...gone, backend: REWRITE }, { ...timers, receive: way.receiveMs })
    ])
    const endMs = way.atMs + total
    return this.#finish(way, { status: -1, outcome: 'none', endMs, isLogged: true })
  }

  #innerTarpit(way: Way): Answer {
    const bytesOut = way.request.method === 'HEAD' ? 111 : 208
    const total = TARPIT_MS + this.#ports.draw.below(2)
    const endMs = way.atMs + total
    this.#write(endMs, [
      this.#backRecord(
        way,
        { backend: 'be_tarpit/<NOSRV>', status: 500, bytesOut, ended: 'PT--' },
        { receive: -1, wait: total + 1, connect: -1, respond: -1, total }
      ),
      this.#frontRecord(
        way,
        { backend: REWRITE, status: 500, bytesOut, ended: '----' },
        timersOf({ receive: way.receiveMs, respond: total, total: way.receiveMs + total })
      )
    ])
    return this.#finish(way, { status: 500, outcome: 'tarpitted', endMs, isLogged: true })
  }

  #torRefusal(way: Way, kind: 'tor-limit' | 'tor-day-ban' | 'tor-month-ban'): Answer {
    const bytesOut = kind === 'tor-limit' ? 167 : kind === 'tor-day-ban' ? 205 : 185
    const isTooLarge = way.bytesIn > BUFFER_BYTES
    const mark = kind === 'tor-limit' ? 'RATE-LIMITED' : ''
    const inner = Math.min(way.bytesIn + addedBytes(way.request, way.host), INNER_BUFFER_BYTES)
    const back = this.#backRecord(
      way,
      { backend: `${BACK}/<NOSRV>`, status: 429, bytesOut, ended: 'PR--' },
      { receive: 0, wait: -1, connect: -1, respond: -1, total: 0 }
    )
    const front = this.#frontRecord(
      way,
      isTooLarge
        ? { backend: REWRITE, status: -1, bytesOut: 0, ended: 'SD--' }
        : { backend: REWRITE, status: 429, bytesOut, ended: '----' },
      timersOf({ receive: way.receiveMs, respond: isTooLarge ? -1 : 0, total: way.receiveMs })
    )
    this.#write(way.atMs, [
      { ...back, bytesIn: inner, captures: [way.host, way.request.source, '', mark, ''] },
      { ...front, bytesIn: isTooLarge ? BUFFER_BYTES : way.bytesIn }
    ])
    way.client.errors.add(way.atMs)
    return this.#finish(way, { status: 429, outcome: 'denied', endMs: way.atMs, isLogged: true })
  }

  #frontTarpit(way: Way): Answer {
    const total = TARPIT_MS + this.#ports.draw.below(2)
    const timers = { receive: -1, wait: total + 1, connect: -1, respond: -1, total }
    const bytesOut = way.request.method === 'HEAD' ? 111 : 208
    const facts = { backend: `${FRONT}/<NOSRV>`, status: 500, bytesOut, ended: 'PT--' }
    const endMs = way.atMs + total
    // `%t` is the start of the request here: idle time and handshake are in no timer.
    const record = { ...this.#frontRecord({ ...way, receiveMs: 0 }, facts, timers) }
    this.#write(endMs, [record])
    return this.#finish(way, { status: 500, outcome: 'tarpitted', endMs, isLogged: true })
  }

  #frontDeny(way: Way, answer: { readonly status: number; readonly bytesOut: number }): Answer {
    const { receiveMs } = way
    const timers = { receive: receiveMs, wait: -1, connect: -1, respond: -1, total: receiveMs }
    const facts = { backend: `${FRONT}/<NOSRV>`, ...answer, ended: 'PR--' }
    this.#write(way.atMs, [this.#frontRecord(way, facts, timers)])
    return this.#finish(way, {
      status: answer.status,
      outcome: 'denied',
      endMs: way.atMs,
      isLogged: true
    })
  }

  #unreadable(
    request: ClientRequest,
    intent: Extract<Intent, { kind: 'garbage' | 'slow-headers' }>
  ): Answer {
    const { draw, edges } = this.#ports
    const heldMs = intent.kind === 'garbage' ? draw.below(3) : Math.round(intent.heldMs)
    const isTimeout = intent.kind === 'slow-headers' && intent.endsBy === 'timeout'
    const endMs = Math.floor(request.atMs) + heldMs
    const line = haproxyLine({
      peer: edges[0] ?? request.source,
      port: draw.between(1_100, 65_000),
      startMs: Math.floor(request.atMs),
      frontend: request.agent.isTls ? `${FRONT}~` : FRONT,
      backend: `${FRONT}/<NOSRV>`,
      timers: { receive: -1, wait: -1, connect: -1, respond: -1, total: heldMs },
      status: isTimeout ? 408 : 400,
      bytesIn: 0,
      bytesOut: 0,
      ended: isTimeout ? 'cR--' : intent.kind === 'garbage' ? 'PR--' : 'CR--',
      counters: this.#counters(0),
      captures: undefined,
      request: '<BADREQ>'
    })
    this.#ports.haproxyLog.push(endMs, line)
    return { status: isTimeout ? 408 : 400, outcome: 'denied', endMs, isLogged: true }
  }

  #handshakeFailure(request: ClientRequest): Answer {
    const { draw, haproxyLog } = this.#ports
    const line = `${request.source}:${draw.between(1_100, 65_000)} [${stamp(request.atMs)}] ${FRONT}/4: SSL handshake failure`
    haproxyLog.push(request.atMs, line)
    return { status: -1, outcome: 'denied', endMs: request.atMs, isLogged: false }
  }

  #recon(
    request: ClientRequest,
    intent: Extract<Intent, { kind: 'recon-probe' | 'recon-upsert' }>
  ): Answer {
    const { hockeypuckLog, draw } = this.#ports
    const { source, atMs } = request
    const port = draw.between(20_000, 60_000)
    for (const line of reconLines(atMs, { source, port, intent, draw })) {
      hockeypuckLog.push(atMs, line)
    }
    return { status: -1, outcome: 'none', endMs: atMs, isLogged: false }
  }

  #backRecord(way: Way, facts: Facts, timers: Timers): HaproxyRecord {
    const { request, host } = way
    const { method, httpVersion } = {
      method: request.method,
      httpVersion: request.agent.httpVersion
    }
    const version = httpVersion === '2.0' ? '1.1' : httpVersion
    // The stock rule takes its text literally where a request has no Host.
    const shown = host === '' ? `str(${request.agent.host})` : host
    return {
      ...facts,
      peer: way.peer,
      port: way.port,
      startMs: way.atMs,
      frontend: BACK,
      timers,
      bytesIn: way.bytesIn + addedBytes(request, host),
      counters: this.#counters(1),
      captures: [shown, request.source, '', '', ''],
      request: `${method} ${rewritten(request.target)} HTTP/${version}`
    }
  }

  #frontRecord(way: Way, facts: Facts, timers: Timers): HaproxyRecord {
    const { request, host } = way
    const { agent } = request
    const uri = agent.httpVersion === '2.0' ? `https://${host}${request.target}` : request.target
    const forwarded =
      this.#ports.edges.length > 0
        ? forwardedChain(request.forwardedFor, request.source)
        : (request.forwardedFor ?? '')
    return {
      ...facts,
      peer: way.peer,
      port: way.port,
      startMs: way.atMs - way.receiveMs,
      frontend: agent.isTls ? `${FRONT}~` : FRONT,
      timers,
      bytesIn: way.bytesIn,
      counters: this.#counters(0),
      captures: frontCaptures(request, host, forwarded),
      request: `${request.method} ${uri} HTTP/${agent.httpVersion}`
    }
  }

  /** Connections, as far as the lines that are not written yet tell. */
  #counters(inner: number): string {
    const { draw, haproxyLog } = this.#ports
    const open = Math.ceil(haproxyLog.size / 2)
    const busy = Math.max(0, open - draw.below(3))
    return `${2 * open + 1 + inner + draw.below(4)}/${open + 1}/${busy}/${busy}/0`
  }

  /** HAProxy mostly writes the inner line first. */
  #write(endMs: number, records: readonly HaproxyRecord[]): void {
    const { draw, haproxyLog } = this.#ports
    const ordered = records.length > 1 && draw.chance(0.22) ? [...records].reverse() : records
    for (const record of ordered) haproxyLog.push(endMs, haproxyLine(record))
  }

  #finish(way: Way, answer: Answer): Answer {
    way.client.open(way.atMs, answer.endMs)
    this.#connections.delete(way.request.source)
    this.#connections.set(way.request.source, { port: way.port, endMs: answer.endMs })
    if (this.#connections.size > CONNECTIONS_MAX) {
      for (const oldest of this.#connections.keys()) {
        this.#connections.delete(oldest)
        break
      }
    }
    return answer
  }
}

type Facts = Pick<HaproxyRecord, 'backend' | 'status' | 'bytesOut' | 'ended'>
