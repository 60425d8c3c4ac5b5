/**
 * Keeps web pages away from the API: a page that rebinds its own name to loopback brings a foreign Host, and one that posts
 * across sites brings an Origin or Sec-Fetch-Site of its own (Fetch Metadata, W3C).
 */
import { findAddress } from '../../base/index.ts'
import { apiError } from '../errors.ts'

export interface OriginFacts {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

export class OriginCheck {
  readonly #names: ReadonlySet<string>

  /** `listenHost` and `allowedHosts` are names or addresses without a port. */
  constructor(options: { readonly listenHost: string; readonly allowedHosts: readonly string[] }) {
    const isEverywhere = options.listenHost === '0.0.0.0' || options.listenHost === '::'
    this.#names = new Set(
      [
        ...LOOPBACK_NAMES,
        ...(isEverywhere ? [] : [options.listenHost]),
        ...options.allowedHosts
      ].map(canonicalName)
    )
  }

  /** @throws {HOST_NOT_ALLOWED | ORIGIN_NOT_ALLOWED} */
  check(facts: OriginFacts): void {
    const name = facts.host === undefined ? undefined : nameOf(facts.host)
    if (name === undefined || !this.#names.has(name)) {
      throw apiError(
        'HOST_NOT_ALLOWED',
        'expected a Host header that names this node (api.allowedHosts), got another'
      )
    }
    this.checkPage(facts)
  }

  /** For the UNIX socket, where the Host header means nothing. @throws {ORIGIN_NOT_ALLOWED} */
  checkPage(facts: OriginFacts): void {
    const site = facts.secFetchSite
    const isOwnSite = site === undefined || site === 'same-origin' || site === 'none'
    const isOwnOrigin = facts.origin === undefined || facts.origin === `http://${facts.host}`
    if (!isOwnSite || !isOwnOrigin) {
      throw apiError('ORIGIN_NOT_ALLOWED', 'expected no request from a page of another site')
    }
  }
}

/** The name of `name`, `name:port`, `[v6]` or `[v6]:port`; undefined for anything else. */
function nameOf(host: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host)
  return match?.[1] === undefined ? undefined : canonicalName(match[1])
}

function canonicalName(name: string): string {
  return findAddress(name) ?? name.toLowerCase().replace(/\.$/, '')
}
