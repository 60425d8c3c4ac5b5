/** What a node says of itself in a network, and when: who let it in, and where it is dialed. */
import { type Clock, messageOf } from '../base/index.ts'
import {
  ADDRESSES_MAX,
  decodeAdmission,
  type NodeAnnounceBody,
  networkIdText
} from '../wire/index.ts'
import type { Host } from './host/host.ts'
import type { NetworkLog } from './host/log.ts'
import type { JoinedNetwork as RunningNetwork } from './joined-network.ts'
import type { JoinedNetwork } from './ports.ts'

const DAY_MS = 24 * 3_600_000
const ANNOUNCE_TTL_MS = 7 * DAY_MS
/** Whether a day has passed since the last announce. */
const LOOK_MS = 10 * 60_000

export interface AnnouncerPorts {
  readonly clock: Clock
  readonly log: NetworkLog
  readonly host: Pick<Host, 'addresses'>
  publish(network: string, body: NodeAnnounceBody, options: { ttlMs: number }): Promise<unknown>
}

export class Announcer {
  readonly #node: { readonly name: string; readonly agent: string }
  readonly #ports: AnnouncerPorts
  readonly #announcedAtMs = new WeakMap<object, number>()

  constructor(node: { readonly name: string; readonly agent: string }, ports: AnnouncerPorts) {
    this.#node = node
    this.#ports = ports
  }

  /**
   * Daily, until the network is left; by the clock on the wall, so that a machine that slept announces itself when it wakes and not
   * a day later.
   */
  keepAnnouncing(network: Announced): void {
    const { clock } = this.#ports
    const look = async () => {
      const lastMs = this.#announcedAtMs.get(network) ?? Number.NEGATIVE_INFINITY
      if (Math.abs(clock.nowMs() - lastMs) >= DAY_MS) await this.announce(network)
    }
    clock.every(LOOK_MS, look, network.signal)
  }

  /** What was announced before holds for days: that it cannot be said anew now is no reason not to run. */
  async announce(network: Announced): Promise<void> {
    const { clock, log, host } = this.#ports
    const id = networkIdText(network.record.id)
    try {
      await this.#publish(id, announceBody(this.#node, host, network.record))
      this.#announcedAtMs.set(network, clock.nowMs())
    } catch (error) {
      log.warn({ network: id, reason: messageOf(error) }, 'could not announce itself')
    }
  }

  async sayFarewell({ record }: Announced): Promise<void> {
    const { log, host } = this.#ports
    try {
      await this.#publish(networkIdText(record.id), farewellBody(this.#node, host, record))
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the others were not told')
    }
  }

  async #publish(id: string, body: NodeAnnounceBody): Promise<void> {
    await this.#ports.publish(id, body, { ttlMs: ANNOUNCE_TTL_MS })
  }
}

type Announced = Pick<RunningNetwork, 'record' | 'signal'>

export function announceBody(
  node: { readonly name: string; readonly agent: string },
  { addresses }: Pick<Host, 'addresses'>,
  { admission }: Pick<JoinedNetwork, 'admission'>
): NodeAnnounceBody {
  return {
    kind: 'node-announce',
    ...{ name: node.name, agent: node.agent },
    addresses: addresses.map(({ bytes }) => bytes).slice(0, ADDRESSES_MAX),
    admission: admission === undefined ? undefined : decodeAdmission(admission),
    isLeaving: false
  }
}

/** The last word: nobody is to dial it any more. */
export function farewellBody(...said: Parameters<typeof announceBody>): NodeAnnounceBody {
  return { ...announceBody(...said), addresses: [], isLeaving: true }
}
