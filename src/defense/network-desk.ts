/**
 * What people ask of the networks: each change goes into the audit with who made it, and nothing that is protected or private here
 * is ever named to others, by whose order whatever.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, getPrefix, type Prefix, type PrefixText } from '../base/index.ts'
import { CATEGORIES, type Category } from '../detection/index.ts'
import type { NetworkService, ReceivedAlert } from '../network/index.ts'
import {
  ACCUSED_PREFIX_LENGTH_MIN,
  type AlertBody,
  confidenceOf,
  INCIDENT_ID_BYTES,
  isPublicPrefix,
  LIFETIME_MS_MAX
} from '../wire/index.ts'
import { type EachTold, tellEach } from './each-network.ts'
import { GuardError } from './errors.ts'
import type { GuardLogger } from './guard-service-ports.ts'
import type { ListPublisher, PublishedList } from './list-publisher.ts'
import { getOwnAlert } from './own-alerts.ts'
import type { Actor, AuditLog } from './ports.ts'
import type { SharingStatus } from './share-service.ts'

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

/** The reading part of the service as it is, and every change with its actor. */
export interface NetworksApi
  extends Pick<
    NetworkService,
    | 'status'
    | 'list'
    | 'readInvitation'
    | 'authors'
    | 'peers'
    | 'alerts'
    | 'threats'
    | 'lists'
    | 'onEvent'
  > {
  create(
    fields: Parameters<NetworkService['create']>[0],
    actor: Actor
  ): ReturnType<NetworkService['create']>
  invite(
    id: string,
    fields: Parameters<NetworkService['invite']>[1],
    actor: Actor
  ): ReturnType<NetworkService['invite']>
  /** How far the others have been told of what this node decides. */
  sharing(): SharingStatus
  /** The key under which this node speaks, made if there is none yet. */
  key(actor: Actor): ReturnType<NetworkService['key']>
  admit(
    id: string,
    fields: Parameters<NetworkService['admit']>[1] & { readonly note: string },
    actor: Actor
  ): ReturnType<NetworkService['admit']>
  revoke(
    id: string,
    fields: Parameters<NetworkService['revoke']>[1],
    actor: Actor
  ): ReturnType<NetworkService['revoke']>
  join(line: string, actor: Actor): ReturnType<NetworkService['join']>
  leave(id: string, actor: Actor): Promise<void>
  /** What a network refuses is among the refused. @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED} */
  sendAlert(
    alert: NewAlert,
    actor: Actor
  ): Promise<EachTold<{ readonly network: string; readonly id: string }>>
  /** By its id, or the beginning of it. @throws {ALERT_NOT_FOUND | ALERT_AMBIGUOUS | ALERT_NOT_OWN | EVENT_REFUSED} */
  retractAlert(
    alert: {
      readonly idStart: string
      /** Undefined: whichever it is in. */
      readonly network: string | undefined
      readonly reason: string
    },
    actor: Actor
  ): Promise<ReceivedAlert>
  /** Tells the operator's own blocklist, as what has changed since it was told last. What a network refuses is among the refused. */
  publishBlocklist(network: string | undefined, actor: Actor): Promise<EachTold<PublishedList>>
}

export interface NetworkDeskPorts {
  readonly network: NetworkService
  /** Why the prefix may not be named; undefined if it may. */
  findProtection(prefix: PrefixText): string | undefined
  readonly sharing: { status(): SharingStatus }
  readonly audit: AuditLog
  readonly lists: Pick<ListPublisher, 'publish' | 'forget'>
  readonly clock: Clock
  readonly logger: Pick<GuardLogger, 'warn'>
}

const TLP_GREEN = 1
const RETRACT_MARGIN_MS = 60_000

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

  sharing() {
    return this.#ports.sharing.status()
  }

  list() {
    return this.#ports.network.list()
  }

  readInvitation(text: string) {
    return this.#ports.network.readInvitation(text)
  }

  authors(id: string) {
    return this.#ports.network.authors(id)
  }

  lists(query: Parameters<NetworkService['lists']>[0]) {
    return this.#ports.network.lists(query)
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

  async key(actor: Actor) {
    const key = await this.#ports.network.key()
    this.#audit(actor, 'network.key', key, undefined)
    return key
  }

  async admit(id: string, { note, ...fields }: Parameters<NetworksApi['admit']>[1], actor: Actor) {
    const letter = await this.#ports.network.admit(id, fields)
    this.#audit(actor, 'network.admit', id, { author: fields.author }, note)
    return letter
  }

  async revoke(id: string, fields: Parameters<NetworkService['revoke']>[1], actor: Actor) {
    const revoked = await this.#ports.network.revoke(id, fields)
    this.#audit(actor, 'network.revoke', id, revoked, fields.reason)
    return revoked
  }

  async join(line: string, actor: Actor) {
    const joined = await this.#ports.network.join(line)
    const { id, name, wasMember, newAddresses } = joined
    this.#audit(actor, 'network.join', id, { name, ...(wasMember && { wasMember, newAddresses }) })
    return joined
  }

  async leave(id: string, actor: Actor): Promise<void> {
    await this.#ports.network.leave(id)
    this.#ports.lists.forget(id)
    this.#audit(actor, 'network.leave', id, undefined)
  }

  async sendAlert(alert: NewAlert, actor: Actor) {
    const prefixes = [...new Set(alert.prefixes.map((text) => this.#nameable(text)))]
    const body = this.#alertOf(alert, prefixes)
    const ttlMs = Math.min(alert.ttlMs, LIFETIME_MS_MAX.alert)
    return await tellEach(alert.network, this.#ports, async (network) => {
      const { id } = await this.#ports.network.publish(network, body, { ttlMs })
      const after = { id, prefixes, category: alert.category, severity: alert.severity }
      this.#audit(actor, 'network.alert', network, after, alert.reason)
      return { network, id }
    })
  }

  async retractAlert(wanted: Parameters<NetworksApi['retractAlert']>[0], actor: Actor) {
    const alert = getOwnAlert(this.#ports.network, wanted)
    const eventId = new Uint8Array(Buffer.from(alert.id, 'hex'))
    // It outlives what it takes back.
    const ttlMs = Math.max(0, alert.endsAtMs - this.#ports.clock.nowMs()) + RETRACT_MARGIN_MS
    await this.#ports.network.publish(
      alert.network,
      { kind: 'retract', eventId },
      { ttlMs: Math.min(ttlMs, LIFETIME_MS_MAX.retract) }
    )
    const after = { id: alert.id, prefixes: alert.body.indicators.map(({ prefix }) => prefix) }
    this.#audit(actor, 'network.retract', alert.network, after, wanted.reason)
    return alert
  }

  async publishBlocklist(network: string | undefined, actor: Actor) {
    return await tellEach(network, this.#ports, async (id) => {
      const list = await this.#ports.lists.publish(id)
      if (list.added + list.removed > 0) this.#audit(actor, 'network.blocklist', id, list)
      return list
    })
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
