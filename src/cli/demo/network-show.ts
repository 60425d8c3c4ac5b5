/**
 * What the other operators' nodes hear of the attack: the signed alert and when each of them had it, the votes, that nobody blocks
 * on hearsay, and how a node that comes late catches up. Every time is taken from the nodes' own answers.
 */
import type { OperationResponse } from '../../api/index.ts'
import type { Clock } from '../../base/index.ts'
import { allItems } from '../node-client.ts'
import { type CaughtUp, type DemoNetwork, type Listener, stateOf } from './demo-network.ts'
import { isListEmpty } from './enforcement.ts'
import {
  alertSubjectOf,
  heardOf,
  heldOf,
  keyOf,
  listOf,
  shortId,
  shortlyHeardOf,
  type WireAlert
} from './network-wording.ts'
import { pollFor } from './poll.ts'
import type { Screen } from './screen.ts'
import type { Steps } from './steps.ts'
import { type AppliedDecision, addressOf, isApplied } from './wording.ts'

export interface NetworkShowPorts {
  readonly network: Pick<DemoNetwork, 'members' | 'listeners' | 'joinLate'>
  readonly clock: Clock
  readonly screen: Screen
  readonly steps: Steps
  /** A command line of netminder for a data directory. */
  readonly commandFor: (words: string, dataDir: string) => string
  /** Aborts when the show ends. */
  readonly signal: AbortSignal
}

type Threat = OperationResponse<'listThreats'>['items'][number]

/** One node's word for it: verified and on its disk. */
export interface Arrival {
  readonly listener: Listener
  readonly alert: WireAlert
}

const ARRIVAL = { timeoutMs: 5_000, pollMs: 20 }
/** So long after the first alert the last node comes. */
const LATE_MS = 5_000
/** A ban that is not told by then is gathered with others: what a node says in an hour is limited. */
const GATHERED_MS = 3_000

export class NetworkShow {
  readonly #ports: NetworkShowPorts
  readonly #untold = new Map<string, number>()
  #isGathering = false
  #lateAtMs: number | undefined
  #late: Promise<void> | undefined
  #caughtUp: CaughtUp | undefined
  #failure: unknown

  constructor(ports: NetworkShowPorts) {
    this.#ports = ports
  }

  /** Nothing is on its way any more. */
  get isIdle(): boolean {
    return this.#lateAtMs === undefined && this.#late === undefined
  }

  /** What the attacked node bans, it tells. */
  decided(decision: AppliedDecision): void {
    if (decision.type !== 'ban') return
    const address = addressOf(decision)
    this.#untold.set(address, this.#ports.clock.monotonicMs())
  }

  /** The attacked node has told the network. */
  async warned(alert: WireAlert): Promise<void> {
    const { clock, network, screen, steps } = this.#ports
    for (const prefix of alert.prefixes) this.#untold.delete(prefix.replace(/\/(?:32|128)$/, ''))
    this.#isGathering = false
    await this.#noteSigned(alert)
    const heard = await Promise.all(network.listeners.map((one) => this.#arrivalAt(one, alert)))
    const arrivals = heard.filter((arrival) => arrival !== undefined)
    const deaf = network.listeners
      .map(({ place }) => place.name)
      .filter((name) => !arrivals.some(({ listener }) => listener.place.name === name))
    if (deaf.length > 0) {
      await screen.news('ALERT   ', `${listOf(deaf)} did not hear of it`, 'alarm')
      return
    }
    if (steps.isDone('heard')) {
      const subject = alertSubjectOf(alert).padEnd(15)
      await screen.news('alert   ', `${subject}  ${shortlyHeardOf(arrivals)}`, 'caution')
      return
    }
    await this.#tell(alert, arrivals)
    this.#lateAtMs = clock.monotonicMs() + LATE_MS
  }

  /** By the key of the attacked node, which it says itself. */
  async #noteSigned({ author, is_own: isOwn }: WireAlert): Promise<void> {
    const { network, steps } = this.#ports
    const [first] = network.members
    if (first === undefined || steps.isDone('alerted')) return
    const own = await first.client.call('showNetworkStatus', {})
    if (isOwn && own.author === author) {
      steps.note('alerted', `${first.place.name}, ${keyOf(author)}`)
    }
  }

  async #tell(alert: WireAlert, arrivals: readonly Arrival[]): Promise<void> {
    const { commandFor, screen, steps } = this.#ports
    const [first] = arrivals
    if (first === undefined) return
    // What the hearer knows of the one who speaks, not what he himself says.
    const by = `${first.alert.author_name ?? 'nobody'}, key ${keyOf(first.alert.author)}`
    await screen.blank()
    await screen.news('ALERT   ', `${alertSubjectOf(alert)}: the network is told`, 'alarm')
    const sure = alert.confidence.toFixed(1)
    await screen.detail(
      'says',
      `${alert.category ?? 'other'}, severity ${alert.severity}, confidence ${sure}`
    )
    await screen.detail('signed by', by)
    await screen.detail('id', shortId(alert.id))
    await screen.detail('heard', `${heardOf(arrivals)} after it was signed:`, 'good')
    await screen.detail('', 'signature verified, and on their disks')
    steps.note('heard', heardOf(arrivals))
    await this.#showVotes(alert, arrivals)
    await this.#showEffect(arrivals.map(({ listener }) => listener))
    await screen.detail('more', `what ${first.listener.place.name} knows of it:`)
    await screen.command(commandFor('alerts list', first.listener.place.dataDir), 'strong')
    await screen.blank()
  }

  /** Undefined: it does not have the alert in time, or of another author. */
  async #arrivalAt(listener: Listener, alert: WireAlert): Promise<Arrival | undefined> {
    const { clock, signal } = this.#ports
    const [about] = alert.prefixes
    if (about === undefined) return undefined
    const find = async (): Promise<Arrival | undefined> => {
      const query = { prefix: about, limit: 100 }
      const { items } = await listener.client.call('listAlerts', { query })
      const found = items.find(({ id, author }) => id === alert.id && author === alert.author)
      return found === undefined ? undefined : { listener, alert: found }
    }
    return await pollFor(find, ARRIVAL, { clock, signal })
  }

  /** The alert says what was seen; the vote says what its author wants done. It is counted where it arrived. */
  async #showVotes(alert: WireAlert, arrivals: readonly Arrival[]): Promise<void> {
    const { clock, network, screen, signal, steps } = this.#ports
    const threatAt = async (listener: Listener): Promise<Threat | undefined> => {
      const query = { prefix: alert.prefixes[0], limit: 100 }
      const [state, threats] = await Promise.all([
        stateOf(listener),
        listener.client.call('listThreats', { query })
      ])
      const threat = threats.items.find(({ prefix }) => prefix === alert.prefixes[0])
      const isCounted = threat?.accusers.includes(alert.author) === true
      return isCounted && (state.live_events['vote'] ?? 0) > 0 ? threat : undefined
    }
    const threats = await Promise.all(
      arrivals.map(({ listener }) => pollFor(() => threatAt(listener), ARRIVAL, { clock, signal }))
    )
    const names = listOf(arrivals.map(({ listener }) => listener.place.name))
    if (threats.some((threat) => threat === undefined)) {
      await screen.detail('votes', `not counted at ${names}`, 'alarm')
      return
    }
    const accusers = Math.max(...threats.map((threat) => threat?.accusers.length ?? 0))
    const areSilent = threats.every((threat) => threat?.own_verdict === null)
    const total = network.members.length
    const silence = areSilent ? '; the others have seen nothing and do not vote' : ''
    await screen.detail('votes', `to block: ${accusers} of ${total} nodes${silence}`)
    steps.note('voted', `${accusers} of ${total} at ${names}`)
  }

  async #showEffect(listeners: readonly Listener[]): Promise<void> {
    const { screen } = this.#ports
    for (const listener of listeners) {
      const problem = await findHearsayBlock(listener)
      const { name } = listener.place
      await screen.detail(
        listener === listeners[0] ? 'effect' : '',
        problem ?? `${name} has heard of it; it blocks nobody on hearsay`,
        problem === undefined ? 'good' : 'alarm'
      )
    }
    await screen.detail('', '(in enforce mode, without a decision, with an empty list)', 'faint')
  }

  /** Lets the last node come when it is time, and tells what it found. @throws what ended it */
  async advance(): Promise<void> {
    const { clock, network, screen, signal } = this.#ports
    if (this.#failure !== undefined) throw this.#failure
    await this.#noteGathering()
    if (this.#lateAtMs !== undefined && clock.monotonicMs() >= this.#lateAtMs) {
      this.#lateAtMs = undefined
      await screen.blank()
      await screen.news(
        'LATE    ',
        'a fourth node starts, and joins by the same invitation',
        'good'
      )
      this.#late = network.joinLate(signal).then(
        (caughtUp) => {
          this.#caughtUp = caughtUp
        },
        (error: unknown) => {
          this.#failure = error
        }
      )
    }
    if (this.#caughtUp === undefined) return
    const caughtUp = this.#caughtUp
    this.#caughtUp = undefined
    await this.#showCaughtUp(caughtUp)
    this.#late = undefined
  }

  /** Said once: alerts that stay away look like a fault. */
  async #noteGathering(): Promise<void> {
    const { clock, screen, steps } = this.#ports
    const dueMs = clock.monotonicMs() - GATHERED_MS
    const [found] = [...this.#untold].filter(([, atMs]) => atMs <= dueMs)
    if (found === undefined || this.#isGathering || !steps.isDone('heard')) return
    this.#isGathering = true
    await screen.news(
      'alert   ',
      'gathered into one from now on: there were many in this hour',
      'faint'
    )
  }

  /** Waits for whatever was begun; the signal should have been aborted. */
  async ended(): Promise<void> {
    await this.#late
  }

  async #showCaughtUp({ member, missed, reached }: CaughtUp): Promise<void> {
    const { screen, steps } = this.#ports
    const { name } = member.place
    if (reached === undefined) {
      await screen.news('LATE    ', `${name} did not come to know what the others know`, 'alarm')
      return
    }
    const { tookMs, alerts, peers } = reached
    const total = Object.values(missed).reduce((sum, count) => sum + count, 0)
    const seen = `${total} events in ${tookMs} ms`
    await screen.news('SYNCED  ', `${name} caught up on ${seen}`, 'good')
    await screen.detail('missed', heldOf(missed))
    await screen.detail('warned of', listOf(alerts.map(alertSubjectOf)))
    await screen.detail('holds', 'exactly what node-1 holds: their digests are equal')
    await screen.detail('peers', `${listOf(peers)}; the invitation named node-1 alone`)
    await this.#showEffect([member])
    await screen.blank()
    if ((missed['alert'] ?? 0) > 0 && alerts.length > 0) {
      steps.note('caught-up', seen)
    }
  }

  /** Looked at once more at the end: none of the others has ever acted. */
  async conclude(): Promise<void> {
    const { network, screen, steps } = this.#ports
    if (!steps.isDone('heard')) return
    const problems: string[] = []
    for (const listener of network.listeners) {
      const problem = await findHearsayBlock(listener)
      if (problem !== undefined) problems.push(problem)
    }
    for (const problem of problems) await screen.text(problem, 'alarm')
    if (problems.length > 0) return
    const names = listOf(network.listeners.map(({ place }) => place.name))
    steps.note('hearsay', `${names}: no block`)
  }
}

/** What a node did that it only heard of; undefined if it did nothing though it would have been free to. */
async function findHearsayBlock({ client, place }: Listener): Promise<string | undefined> {
  const { name, banList } = place
  const { overall } = await client.call('showMode', {})
  if (overall !== 'enforce') return `${name} is in ${overall} mode: it shows nothing`
  const pages = (page: { limit: number; cursor?: string }) =>
    client.call('listDecisions', { query: page })
  for await (const decision of allItems(pages)) {
    if (isApplied(decision)) return `${name} blocks ${decision.value} on hearsay`
  }
  return (await isListEmpty(banList)) ? undefined : `${name} has written its list on hearsay`
}
