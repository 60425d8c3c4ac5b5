/** What Hockeypuck 2.3.3 answers: status, size, time and its own lines; and how it fails when its database has too few connections. */
import type { ClientRequest, Intent, KeyWarning, LookupForm } from '../client.ts'
import type { Draw } from '../draw.ts'
import {
  accessLine,
  addLine,
  deleteLine,
  type ErrorPlace,
  errorLine,
  httpError,
  infoLine,
  lookupLine,
  prefixTreeWarning,
  warningLine
} from './hockeypuck-writer.ts'
import type { Certificate, KeyBase } from './key-base.ts'

export interface KeyserverOptions {
  /** Requests per second that the database bears on a good day. */
  readonly capacity: number
}

export interface Served {
  readonly status: number
  readonly bytesOut: number
  /** Of the handler, in milliseconds with their fraction. */
  readonly handlerMs: number
  readonly isPrimary: boolean
  /** Written in this order when the handler returns. */
  readonly lines: (timeMs: number) => readonly string[]
}

interface Reply {
  readonly status: number
  readonly bytesOut: number
  readonly ms: number
  readonly lines?: (timeMs: number) => readonly string[]
}

const LOAD_WINDOW_MS = 2_000
const OVERLOAD_ERRORS = [
  'pq: sorry, too many clients already',
  'dial unix /var/run/postgresql/.s.PGSQL.5432: connect: resource temporarily unavailable'
]
const PRIMARY = new Set(['add', 'refused-add', 'hashquery'])
const USES_DATABASE = new Set(['lookup', 'add', 'replace', 'delete', 'hashquery', 'database-error'])

export class KeyserverModel {
  readonly #keys: KeyBase
  readonly #draw: Draw
  #capacity: number
  #load = 0
  #loadMs = 0

  constructor(options: KeyserverOptions, ports: { readonly keys: KeyBase; readonly draw: Draw }) {
    this.#capacity = options.capacity
    this.#keys = ports.keys
    this.#draw = ports.draw
  }

  /** An incident, or its end: a backup, a vacuum, a neighbour on the same disk. */
  setCapacity(perSecond: number): void {
    this.#capacity = perSecond
  }

  /** Requests per second, as the last two seconds saw them. */
  loadAt(nowMs: number): number {
    this.#load *= Math.exp(-(nowMs - this.#loadMs) / LOAD_WINDOW_MS)
    this.#loadMs = nowMs
    return this.#load / (LOAD_WINDOW_MS / 1000)
  }

  serve(request: ClientRequest, seen: { readonly target: string; readonly host: string }): Served {
    const { intent, atMs } = request
    const usesDatabase = USES_DATABASE.has(intent.kind)
    const load = this.loadAt(atMs)
    if (usesDatabase) this.#load++
    const strain = load / this.#capacity
    const isRefused =
      usesDatabase && strain > 1 && this.#draw.chance(Math.min(0.92, 1 - 1 / strain))
    const reply = isRefused ? this.#overloaded(intent) : this.#reply(intent)
    const slow = usesDatabase ? 1 + 6 * Math.min(strain, 6) ** 2 : 1
    const handlerMs = Math.min(28_000, reply.ms * slow)
    const access = { method: request.method, target: seen.target, host: seen.host }
    return {
      status: reply.status,
      bytesOut: request.method === 'HEAD' ? Math.min(reply.bytesOut, 204) : reply.bytesOut,
      handlerMs,
      isPrimary: PRIMARY.has(intent.kind) || /[?&]op=stats/.test(seen.target),
      lines: (timeMs) => [
        ...(reply.lines?.(timeMs) ?? []),
        accessLine(timeMs, { ...access, durationMs: handlerMs, status: reply.status })
      ]
    }
  }

  #overloaded(intent: Intent): Reply {
    const place: ErrorPlace =
      intent.kind === 'add' ? 'add' : intent.kind === 'hashquery' ? 'hashquery' : 'query'
    return this.#failure(500, this.#draw.pick(OVERLOAD_ERRORS), place)
  }

  #failure(status: number, message: string, place: ErrorPlace): Reply {
    const bytesOut = status === 500 ? 212 : status === 422 ? 210 : 192
    return {
      status,
      bytesOut,
      ms: this.#ms(0.9),
      lines: (timeMs) => [errorLine(timeMs, httpError(status, message, place))]
    }
  }

  #reply(intent: Intent): Reply {
    switch (intent.kind) {
      case 'lookup':
        return this.#lookup(intent)
      case 'add':
        return this.#add(intent)
      case 'bad-lookup':
        return this.#failure(400, intent.message, 'parse-lookup')
      case 'database-error':
        return this.#failure(500, intent.message, 'query')
      case 'refused-add':
        return this.#failure(intent.status, intent.message, 'add')
      case 'replace':
        return {
          status: 200,
          bytesOut: 260,
          ms: this.#ms(9),
          lines: (timeMs) => [
            addLine(timeMs, { inserted: [], updated: intent.updated, ignored: [] })
          ]
        }
      case 'delete':
        return { status: 200, bytesOut: 132, ms: this.#ms(14), lines: (at) => [deleteLine(at)] }
      case 'refused-change':
        return this.#refusedChange(intent)
      case 'hashquery':
        return {
          status: 200,
          bytesOut: intent.answerBytes,
          ms: this.#ms(3 + intent.answerBytes / 4_000)
        }
      case 'stats':
        return {
          status: 200,
          bytesOut: (intent.form === 'json' ? 1_150 : 2_104) + this.#draw.below(24),
          ms: this.#ms(1.5)
        }
      case 'health':
        return { status: 200, bytesOut: 171, ms: this.#ms(0.04) }
      case 'file':
        return { status: 200, bytesOut: intent.answerBytes, ms: this.#ms(0.25) }
      default:
        return { status: 404, bytesOut: 197, ms: this.#ms(0.04) }
    }
  }

  #refusedChange(intent: Extract<Intent, { kind: 'refused-change' }>): Reply {
    if (intent.status === 404) return { status: 404, bytesOut: 188, ms: this.#ms(3) }
    const verb = intent.verb === 'Delete' ? 'delete' : 'replace'
    const place: ErrorPlace = intent.status === 400 ? `parse-${verb}` : `check-${verb}`
    return this.#failure(intent.status, intent.message, place)
  }

  #lookup(intent: Extract<Intent, { kind: 'lookup' }>): Reply {
    const { certificates, op, search, form } = intent
    if (certificates.length === 0) return { status: 404, bytesOut: 188, ms: this.#ms(1.6) }
    return {
      status: 200,
      bytesOut: answerBytes(certificates, form, op),
      ms: this.#ms(2.6 + certificates.length * 1.6 + totalLength(certificates) / 60_000),
      lines: (timeMs) =>
        certificates.map((certificate) => lookupLine(timeMs, { certificate, op, search }))
    }
  }

  #add(intent: Extract<Intent, { kind: 'add' }>): Reply {
    const { inserted, updated, ignored, warnings } = intent
    for (const certificate of inserted) this.#keys.keep(certificate)
    const named = [...inserted, ...updated, ...ignored]
    const bytes = named.reduce((sum, { algorithm }) => sum + algorithm.length + 48, 0)
    const isBulk = inserted.length > 0 && this.#draw.chance(0.6)
    const isTreeTroubled = updated.length > 0 && this.#draw.chance(0.3)
    const seed = this.#draw.below(2 ** 31)
    const storedBytes = named.reduce((sum, one) => sum + one.lengthBytes, 0)
    return {
      status: 200,
      // The body's length is a digit longer from a hundred bytes on.
      bytesOut: 205 + bytes + (bytes > 60 ? 1 : 0),
      ms: this.#ms(11 + storedBytes / 9_000),
      lines: (timeMs) => [
        ...(isBulk
          ? [
              infoLine(
                timeMs,
                'bulk insertion skipped (small number of keys); reverting to normal insertion'
              )
            ]
          : []),
        ...warnings.flatMap((warning) => warningLines(timeMs, warning)),
        ...(isTreeTroubled ? [prefixTreeWarning(timeMs, seed)] : []),
        addLine(timeMs, intent)
      ]
    }
  }

  #ms(median: number): number {
    return this.#draw.logNormal(median, 0.75)
  }
}

function totalLength(certificates: readonly Certificate[]): number {
  return certificates.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
}

/** Fitted to the recording's answers; armour is base64 in lines of 64 characters. */
function answerBytes(certificates: readonly Certificate[], form: LookupForm, op: string): number {
  const length = totalLength(certificates)
  switch (form) {
    case 'armour':
      return Math.round((length * 4 * 65) / (3 * 64)) + (op === 'get' ? 340 : 318)
    case 'mr':
      return 75 + certificates.length * 190 + (length % 90)
    case 'json':
      return Math.round(400 + certificates.length * 900 + length * 1.2)
    case 'html':
      return Math.round(1_150 + certificates.length * 310 + length * 0.55)
  }
}

function warningLines(timeMs: number, warning: KeyWarning): readonly string[] {
  const { certificate } = warning
  const fp = certificate.fingerprint
  switch (warning.kind) {
    case 'user-id-too-long':
      return [
        warningLine(
          timeMs,
          `userid packet on fp="${fp}" exceeds limit (${warning.bytes} >= 2046), ignoring: ${fp.slice(0, 32)}...`
        )
      ]
    case 'too-long':
      return [
        warningLine(
          timeMs,
          'dropped key, max length exceeded',
          ` fp=${fp} length=${warning.bytes} max=1048576`
        )
      ]
    case 'duplicate-packet':
      return Array.from({ length: warning.count }, () =>
        warningLine(
          timeMs,
          'duplicate packet found while calculating sksDigest',
          ` fp=${fp} length=70 type=2`
        )
      )
    case 'null-byte':
      return [
        warningLine(timeMs, `unreadable user id packet in key 0x${fp}: null byte found in string`),
        warningLine(timeMs, `signature out of context fp=${fp}`)
      ]
  }
}
