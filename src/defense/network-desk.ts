/**
 * What people ask of the networks: each change goes into the audit with who made it, and nothing that is protected or private here
 * is ever named to others, by whose order whatever.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, getPrefix, type Prefix, type PrefixText } from '../base/index.ts'
import { CATEGORIES, type Category } from '../detection/index.ts'
import type { NetworkService } from '../network/index.ts'
import {
  ACCUSED_PREFIX_LENGTH_MIN,
  type AlertBody,
  confidenceOf,
  DIGEST_BYTES,
  INCIDENT_ID_BYTES,
  isPublicPrefix,
  LIFETIME_MS_MAX,
  LISTED_PREFIX_LENGTH_MIN,
  listDigest
} from '../wire/index.ts'
import { GuardError } from './errors.ts'
import type { GuardApi } from './guard-api.ts'
import type { Actor, AuditLog } from './ports.ts'

export interface NewAlert {
  /** Undefined: all that this node is in. */
  readonly network: string | undefined
  readonly prefixes: readonly string[]
  readonly category: Category
  /** 1 low, 2 medium, 3 high, 4 critical */
  readonly severity: number
  /** 0..1 */
  readonly confidence: number
  readonly ttlMs: number
  readonly reason: string
}

export interface PublishedList {
  readonly network: string
  /** 0: nothing was ever published. */
  readonly version: number
  readonly entries: number
  readonly added: number
  readonly removed: number
}

/** The reading part of the service as it is, and every change with its actor. */
export interface NetworksApi
  extends Pick<NetworkService, 'status' | 'list' | 'peers' | 'alerts' | 'threats' | 'onEvent'> {
  create(
    fields: Parameters<NetworkService['create']>[0],
    actor: Actor
  ): ReturnType<NetworkService['create']>
  invite(
    id: string,
    fields: Parameters<NetworkService['invite']>[1],
    actor: Actor
  ): ReturnType<NetworkService['invite']>
  join(invitation: string, actor: Actor): ReturnType<NetworkService['join']>
  leave(id: string, actor: Actor): Promise<void>
  /** @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED | NETWORK_NOT_JOINED | EVENT_REFUSED} */
  sendAlert(
    alert: NewAlert,
    actor: Actor
  ): Promise<readonly { readonly network: string; readonly id: string }[]>
  /** Tells the operator's own blocklist, as what has changed since it was told last. */
  publishBlocklist(network: string | undefined, actor: Actor): Promise<readonly PublishedList[]>
}

/** What was published last, by network. */
export interface PublishedListStore {
  find(
    network: string
  ): { readonly version: number; readonly entries: readonly PrefixText[] } | undefined
  save(
    network: string,
    list: { readonly version: number; readonly entries: readonly PrefixText[] }
  ): void
}

export interface NetworkDeskPorts {
  readonly network: NetworkService
  readonly guard: Pick<GuardApi, 'blocklist'>
  /** Why the prefix may not be named; undefined if it may. */
  findProtection(prefix: PrefixText): string | undefined
  readonly audit: AuditLog
  readonly lists: PublishedListStore
  readonly clock: Clock
}

const LIST_NAME = 'operator'
/** An event of 64 KiB holds so many IPv6 prefixes. */
const CHANGES_AT_ONCE = 2_000
const TLP_GREEN = 1

export class NetworkDesk implements NetworksApi {
  readonly #ports: NetworkDeskPorts
  readonly #treatAsPublic: readonly Prefix[]

  constructor(options: { readonly treatAsPublic: readonly string[] }, ports: NetworkDeskPorts) {
    this.#treatAsPublic = options.treatAsPublic.map(getPrefix)
    this.#ports = ports
  }

  status() {
    return this.#ports.network.status()
  }

  list() {
    return this.#ports.network.list()
  }

  peers(id?: string) {
    return this.#ports.network.peers(id)
  }

  alerts(query: Parameters<NetworkService['alerts']>[0]) {
    return this.#ports.network.alerts(query)
  }

  threats(query: Parameters<NetworkService['threats']>[0]) {
    return this.#ports.network.threats(query)
  }

  onEvent(listener: Parameters<NetworkService['onEvent']>[0]) {
    return this.#ports.network.onEvent(listener)
  }

  async create(fields: Parameters<NetworkService['create']>[0], actor: Actor) {
    const created = await this.#ports.network.create(fields)
    const { id, name, policy } = created.network
    this.#audit(actor, 'network.create', id, { name, policy })
    return created
  }

  async invite(id: string, fields: Parameters<NetworkService['invite']>[1], actor: Actor) {
    const invitation = await this.#ports.network.invite(id, fields)
    // Not the invitation itself: whoever reads the audit is not invited by that.
    this.#audit(actor, 'network.invite', id, { notAfterMs: fields.notAfterMs })
    return invitation
  }

  async join(invitation: string, actor: Actor) {
    const joined = await this.#ports.network.join(invitation)
    this.#audit(actor, 'network.join', joined.id, { name: joined.name })
    return joined
  }

  async leave(id: string, actor: Actor): Promise<void> {
    await this.#ports.network.leave(id)
    this.#audit(actor, 'network.leave', id, undefined)
  }

  async sendAlert(alert: NewAlert, actor: Actor) {
    const prefixes = [...new Set(alert.prefixes.map((text) => this.#nameable(text)))]
    const body = this.#alertOf(alert, prefixes)
    const ttlMs = Math.min(alert.ttlMs, LIFETIME_MS_MAX.alert)
    const sent: { network: string; id: string }[] = []
    for (const network of this.#networksOf(alert.network)) {
      const { id } = await this.#ports.network.publish(network, body, { ttlMs })
      sent.push({ network, id })
      const after = { id, prefixes, category: alert.category, severity: alert.severity }
      this.#audit(actor, 'network.alert', network, after, alert.reason)
    }
    return sent
  }

  async publishBlocklist(network: string | undefined, actor: Actor) {
    const nowMs = this.#ports.clock.nowMs()
    const entries = this.#ports.guard
      .blocklist()
      .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
      .map(({ prefix }) => prefix)
      .filter((prefix) => this.#isListable(prefix))
    const published: PublishedList[] = []
    for (const id of this.#networksOf(network)) {
      const list = await this.#publishList(id, new Set(entries))
      published.push(list)
      if (list.added + list.removed > 0) this.#audit(actor, 'network.blocklist', id, list)
    }
    return published
  }

  async #publishList(network: string, wanted: ReadonlySet<PrefixText>): Promise<PublishedList> {
    const before = this.#ports.lists.find(network)
    const held = new Set(before?.entries ?? [])
    let version = before?.version ?? 0
    const adds = [...wanted].filter((prefix) => !held.has(prefix))
    const removes = [...held].filter((prefix) => !wanted.has(prefix))
    const changes = [
      ...removes.map((prefix) => ({ prefix, isAdd: false })),
      ...adds.map((prefix) => ({ prefix, isAdd: true }))
    ]
    for (let from = 0; from < changes.length; from += CHANGES_AT_ONCE) {
      const part = changes.slice(from, from + CHANGES_AT_ONCE)
      const previousDigest = version === 0 ? new Uint8Array(DIGEST_BYTES) : listDigest([...held])
      for (const { prefix, isAdd } of part) {
        if (isAdd) held.add(prefix)
        else held.delete(prefix)
      }
      const named = (isAdd: boolean) =>
        part.filter((change) => change.isAdd === isAdd).map(({ prefix }) => prefix)
      version++
      await this.#ports.network.publish(
        network,
        {
          kind: 'list-delta',
          list: LIST_NAME,
          version,
          previousDigest,
          digest: listDigest([...held]),
          count: held.size,
          adds: named(true),
          removes: named(false)
        },
        { ttlMs: LIFETIME_MS_MAX['list-delta'] }
      )
      this.#ports.lists.save(network, { version, entries: [...held] })
    }
    return {
      network,
      version,
      entries: held.size,
      added: adds.length,
      removed: removes.length
    }
  }

  #networksOf(network: string | undefined): readonly string[] {
    return network === undefined ? this.#ports.network.list().map(({ id }) => id) : [network]
  }

  #isListable(text: PrefixText): boolean {
    const prefix = getPrefix(text)
    if (prefix.length < LISTED_PREFIX_LENGTH_MIN[prefix.bits.kind()]) return false
    return (
      isPublicPrefix(prefix.text, this.#treatAsPublic) &&
      this.#ports.findProtection(prefix.text) === undefined
    )
  }

  #nameable(text: string): PrefixText {
    const prefix = getPrefix(text)
    if (prefix.length < ACCUSED_PREFIX_LENGTH_MIN[prefix.bits.kind()]) {
      throw new GuardError('PREFIX_TOO_WIDE', `expected at least /24 or /48, got ${prefix.text}`)
    }
    const why = isPublicPrefix(prefix.text, this.#treatAsPublic)
      ? this.#ports.findProtection(prefix.text)
      : 'not a public address'
    if (why === undefined) return prefix.text
    throw new GuardError('PROTECTED', `${prefix.text} is never named to others: ${why}`)
  }

  #alertOf(alert: NewAlert, prefixes: readonly PrefixText[]): AlertBody {
    const atMs = this.#ports.clock.nowMs()
    return {
      kind: 'alert',
      incident: new Uint8Array(randomBytes(INCIDENT_ID_BYTES)),
      category: CATEGORIES.indexOf(alert.category) + 1,
      severity: alert.severity,
      confidence: confidenceOf(alert.confidence),
      windowStartMs: atMs,
      windowEndMs: atMs,
      pathClass: 0,
      portClass: 0,
      indicators: prefixes.map((prefix) => ({ prefix, count: 0, firstMs: atMs, lastMs: atMs })),
      asn: undefined,
      evidence: { requests: 0, errors: 0, bytes: 0, distinctPaths: 0 },
      tlp: TLP_GREEN
    }
  }

  #audit(actor: Actor, action: string, target: string, after: unknown, reason = ''): void {
    this.#ports.audit.append({ actor, action, target, before: undefined, after, reason })
  }
}
