/**
 * The network of the demo: the first node founds it, the nodes of other operators join by its invitation, one of them late. What
 * is told here of arrivals and of catching up are the nodes' own figures.
 */
import type { ApiClient, OperationResponse } from '../../api/index.ts'
import type { Clock } from '../../base/index.ts'
import { DemoNode } from './demo-node.ts'
import type { WireAlert } from './network-wording.ts'
import { pollFor } from './poll.ts'
import { type ListenerPlace, makeListener, type NodePlace, type Sandbox } from './sandbox.ts'

export type NetworkState = OperationResponse<'showNetworkStatus'>['networks'][number]

export interface Member {
  readonly place: NodePlace
  readonly client: Pick<ApiClient, 'call'>
}

export interface Listener extends Member {
  readonly place: ListenerPlace
}

export interface Formed {
  /** Between the founding and everybody being in everybody's mesh. */
  readonly tookMs: number
  readonly invitation: string
  /** Undefined: they did not all meet in time. */
  readonly peersEach: number | undefined
}

export interface CaughtUp {
  readonly member: Listener
  /** What was live at the first node when it joined. */
  readonly missed: NetworkState['live_events']
  /** Undefined: it did not come to hold the same in time. */
  readonly reached: Reached | undefined
}

export interface Reached {
  /** From its joining until it held what it had missed. */
  readonly tookMs: number
  /** Alerts that reconciliation brought, newest first. */
  readonly alerts: readonly WireAlert[]
  /** Whom it is connected with by now. */
  readonly peers: readonly string[]
}

const LISTENERS = ['node-2', 'node-3']
const LATECOMER = 'node-4'
const NETWORK_NAME = 'demo'
const FORM = { timeoutMs: 20_000, pollMs: 50 }
const MEET = { timeoutMs: 8_000, pollMs: 100 }
const CATCH_UP = { timeoutMs: 20_000, pollMs: 10 }

export interface DemoNetworkOptions {
  readonly executable: string
  readonly sandbox: Sandbox
  readonly keyserverPort: number
}

export class DemoNetwork {
  readonly #options: DemoNetworkOptions
  readonly #clock: Clock
  readonly #programs: DemoNode[] = []
  readonly #listeners: Listener[] = []
  #first: Member | undefined
  #invitation = ''

  constructor(options: DemoNetworkOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** All that run: the attacked one, then the others. */
  get members(): readonly Member[] {
    return this.#first === undefined ? this.#listeners : [this.#first, ...this.#listeners]
  }

  /** Those that can only hear. */
  get listeners(): readonly Listener[] {
    return this.#listeners
  }

  /** Three processes at once. @returns the attacked one @throws {CLI_PROGRAM_FAILED} */
  async start(signal: AbortSignal): Promise<ApiClient> {
    const { sandbox } = this.#options
    const [client, ...listeners] = await Promise.all([
      this.#run(sandbox, signal),
      ...LISTENERS.map((name) => this.#listen(name, signal))
    ])
    this.#listeners.push(...listeners)
    this.#first = { place: sandbox, client }
    return client
  }

  async form(signal: AbortSignal): Promise<Formed> {
    const startedMs = this.#clock.monotonicMs()
    const { client } = this.#requireFirst()
    const { invitation } = await client.call(
      'createNetwork',
      { body: { name: NETWORK_NAME } },
      { signal }
    )
    this.#invitation = invitation
    await Promise.all(
      this.#listeners.map((one) =>
        one.client.call('joinNetwork', { body: { invitation } }, { signal })
      )
    )
    const peersEach = await pollFor(() => this.#peersEach(), FORM, { clock: this.#clock, signal })
    return { tookMs: this.#clock.monotonicMs() - startedMs, invitation, peersEach }
  }

  /** Starts another node, and lets it join what has been there for a while. @throws {CLI_PROGRAM_FAILED} */
  async joinLate(signal: AbortSignal): Promise<CaughtUp> {
    const first = this.#requireFirst()
    const member = await this.#listen(LATECOMER, signal)
    const { live_events: missed } = await stateOf(first)
    const body = { invitation: this.#invitation }
    const { joined_at: joinedAt } = await member.client.call('joinNetwork', { body }, { signal })
    this.#listeners.push(member)
    const sameAtMs = await this.#holdsTheSameAt(member, signal)
    if (sameAtMs === undefined) return { member, missed, reached: undefined }
    const { items } = await member.client.call('listAlerts', { query: { limit: 100 } })
    const reached: Reached = {
      tookMs: sameAtMs - Date.parse(joinedAt),
      alerts: items.filter(({ via }) => via === 'sync'),
      peers: await this.#peersOf(member, signal)
    }
    return { member, missed, reached }
  }

  /** When it came to hold what the first node holds: by its own last reconciliation that brought something, if that was seen. */
  async #holdsTheSameAt(member: Member, signal: AbortSignal): Promise<number | undefined> {
    const clock = this.#clock
    const first = this.#requireFirst()
    let broughtAtMs: number | undefined
    const findSame = async () => {
      const [theirs, own] = await Promise.all([stateOf(first), stateOf(member)])
      const { last_sync: sync, digest } = own
      if (sync !== null && sync.fetched > 0) broughtAtMs = Date.parse(sync.at)
      if (theirs.digest !== digest || sync === null) return undefined
      return broughtAtMs ?? clock.nowMs()
    }
    return await pollFor(findSame, CATCH_UP, { clock, signal })
  }

  /** Names, as soon as it has met all the others, or when time is over. */
  async #peersOf({ client }: Member, signal: AbortSignal): Promise<readonly string[]> {
    const wanted = this.members.length - 1
    let names: readonly string[] = []
    const findAll = async () => {
      const { items } = await client.call('listPeers', { query: {} })
      names = items.flatMap(({ name }) => name ?? []).sort()
      return names.length >= wanted ? names : undefined
    }
    await pollFor(findAll, MEET, { clock: this.#clock, signal })
    return names
  }

  /** @throws {CLI_PROGRAM_FAILED} */
  requireRunning(): void {
    for (const program of this.#programs) program.requireRunning()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()))
  }

  async #listen(name: string, signal: AbortSignal): Promise<Listener> {
    const { sandbox, keyserverPort } = this.#options
    const place = makeListener(sandbox, { name, keyserverPort })
    const client = await this.#run(place, signal)
    // In shadow mode it would block nobody anyway, and show nothing by it.
    const reason = 'the demo shows that nobody is blocked on hearsay'
    await client.call('setMode', { body: { mode: 'enforce', reason } })
    return { place, client }
  }

  async #run(place: NodePlace, signal: AbortSignal): Promise<ApiClient> {
    const program = new DemoNode(this.#options.executable, place)
    this.#programs.push(program)
    return await program.ready(this.#clock, signal)
  }

  /** Undefined as long as one of them does not know all the others, or has nobody to pass an alert on to. */
  async #peersEach(): Promise<number | undefined> {
    const states = await Promise.all(this.members.map(stateOf))
    const wanted = states.length - 1
    const areMet = states.every(({ peers, mesh, authors }) => {
      return peers === wanted && authors === states.length && (mesh['alert'] ?? 0) > 0
    })
    return areMet ? wanted : undefined
  }

  #requireFirst(): Member {
    if (this.#first === undefined) throw new Error('expected the first node to run')
    return this.#first
  }
}

export async function stateOf({ client, place }: Member): Promise<NetworkState> {
  const [state] = (await client.call('showNetworkStatus', {})).networks
  if (state === undefined) throw new Error(`expected ${place.name} in a network`)
  return state
}
