/**
 * A request as a plug-in inside Hockeypuck was shown it (contract §3.2): decoded path without query, the first value of each
 * header and parameter, no body, no status, and only what the proxy in front let through.
 */
import type { RequestEvent } from '../../keyserver/index.ts'
import { decodeText } from '../hkp/index.ts'

export interface PluginRequest {
  readonly event: RequestEvent
  readonly method: string
  readonly path: string
  /** Values of the query, decoded. */
  readonly parameters: readonly string[]
  /** Empty if the client sent none: then the plug-ins find no such header. */
  readonly userAgent: string
  /** Headers that a log shows, as `name: value`. */
  readonly headers: readonly (readonly [string, string])[]
}

/** Short ways of the stock HAProxy, rewritten before Hockeypuck sees them (contract §2.1). */
const ALIAS = /^\/(?:s|search|g|get|d|download)\/(.*)$/
const STATS_ALIAS = /^\/stats/
const TARGET_MAX = 8_192

/** Whether the proxy handed the request on: what it refused, held or could not read never reached a plug-in. */
export function hasReachedKeyserver(event: RequestEvent): boolean {
  return event.method !== '' && (event.outcome === 'served' || event.outcome === 'aborted')
}

export function readPluginRequest(event: RequestEvent): PluginRequest {
  const target = event.target.slice(0, TARGET_MAX)
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const alias = ALIAS.exec(rawPath)
  const isRewritten = alias !== null || STATS_ALIAS.test(rawPath)
  const parameters = mark < 0 ? [] : valuesOf(target.slice(mark + 1))
  if (alias !== null) parameters.push(decodeText(alias[1] ?? ''))
  const headers = [
    ['User-Agent', event.userAgent],
    ['Accept-Language', event.acceptLanguage],
    ['Referer', event.referer],
    ['X-Forwarded-For', event.forwardedFor]
  ] as const
  return {
    event,
    method: event.method,
    path: isRewritten ? '/pks/lookup' : decodeText(rawPath),
    parameters,
    userAgent: event.userAgent,
    headers: headers.filter(([, value]) => value !== '')
  }
}

function valuesOf(query: string): string[] {
  const seen = new Set<string>()
  const values: string[] = []
  for (const part of query.split('&')) {
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    if (seen.has(name)) continue
    seen.add(name)
    values.push(equals < 0 ? '' : decodeText(part.slice(equals + 1)))
  }
  return values
}
