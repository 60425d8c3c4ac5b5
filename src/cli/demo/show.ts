/**
 * Follows the node's events while the traffic plays: tells what it decides and why, looks at what really stands at HAProxy, asks
 * there as the address itself would, and lifts one ban by hand. What it has seen, it notes as steps.
 */
import { type ApiClient, ApiError } from '../../api/index.ts'
import { type Clock, formatDuration } from '../../base/index.ts'
import type { Enforcement } from './enforcement.ts'
import type { Screen } from './screen.ts'
import type { StepId, Steps } from './steps.ts'
import {
  type AppliedDecision,
  actionOf,
  addressOf,
  answerOf,
  categoryOf,
  countersOf,
  evidenceOf,
  judgesOf,
  modelSentenceOf,
  reasonsOf,
  subjectOf,
  toneOf
} from './wording.ts'

export interface ShowPorts {
  readonly client: ApiClient
  readonly clock: Clock
  readonly enforcement: Enforcement
  readonly screen: Screen
  readonly steps: Steps
  /** Addresses with harmless people behind them as well, as a person would find out. */
  readonly shared: ReadonlySet<string>
  /** A command line of netminder, for the attacked node if no other data directory is named. */
  readonly commandFor: (words: string, dataDir?: string) => string
}

/** Decisions are carried out at once; HAProxy and disk may take a moment. */
const CARRIED_OUT_TIMEOUT_MS = 4_000
const POLL_MS = 100
/** How long a decision may be looked at before it is lifted by hand. */
const LOOK_MS = 4_000
const WATCHED_CATEGORIES = ['upload-flood', 'harvesting', 'scanner'] as const

export class Show {
  readonly #ports: ShowPorts
  readonly #told = new Set<string>()
  readonly #blocked = new Set<string>()
  #ended = 0
  #toLift: { readonly decision: AppliedDecision; readonly atMs: number } | undefined

  constructor(ports: ShowPorts) {
    this.#ports = ports
  }

  get blockedCount(): number {
    return this.#blocked.size
  }

  get endedCount(): number {
    return this.#ended
  }

  async decided(decision: AppliedDecision): Promise<void> {
    const { steps } = this.#ports
    this.#blocked.add(decision.value)
    const sentence = modelSentenceOf(decision)
    if (sentence !== undefined) steps.note('judged', `${subjectOf(decision)}: ${sentence}`)
    for (const category of WATCHED_CATEGORIES) {
      if (decision.category === category) {
        steps.note(category, `${subjectOf(decision)}: ${decision.reasons[0]?.text ?? ''}`)
      }
    }
    await this.#tell(decision)
  }

  /** Each kind of decision is told in full once, and as one line from then on. */
  async #tell(decision: AppliedDecision): Promise<void> {
    const { screen } = this.#ports
    const kinds = [decision.category, decision.type, decision.scope]
    const isNew = kinds.some((kind) => !this.#told.has(kind))
    if (!isNew) {
      await screen.news(
        decision.type === 'ban' ? 'ban     ' : 'throttle',
        `${subjectOf(decision).padEnd(15)}  ${categoryOf(decision)}: ${decision.reasons[0]?.text ?? ''}`,
        toneOf(decision)
      )
      return
    }
    for (const kind of kinds) this.#told.add(kind)
    await screen.blank()
    const head = decision.type === 'ban' ? 'BAN     ' : 'THROTTLE'
    await screen.news(head, `${subjectOf(decision)}, ${categoryOf(decision)}`, toneOf(decision))
    await screen.detail('why', reasonsOf(decision))
    await screen.detail('judged by', judgesOf(decision))
    await screen.detail('figures', countersOf(decision))
    await screen.detail('decision', `${actionOf(decision)}; ${evidenceOf(decision)}`)
    await this.#showCarriedOut(decision)
    await this.#explain(decision)
    await screen.blank()
  }

  async #showCarriedOut(decision: AppliedDecision): Promise<void> {
    const { clock, enforcement, screen, steps } = this.#ports
    const [prefix] = decision.prefixes
    if (prefix === undefined) return
    const { type } = decision
    const place = enforcement.placeOf(type)
    if (!(await this.#until(() => enforcement.isHeld(type, prefix)))) {
      // It may have been short, or lifted meanwhile by whoever watches.
      await screen.detail('written', `not found in ${place}`, 'alarm')
      return
    }
    const address = addressOf(decision)
    steps.note(type === 'ban' ? 'banned' : 'throttled', `${address} stands in ${place}`)
    await screen.detail('written', `${address} stands in ${place}`)
    const answer = await enforcement.request(address)
    if (answer !== undefined) {
      const isRefused = answer === (type === 'ban' ? 'closed' : 429)
      const sentence = `a request from ${address}: ${answerOf(answer)}`
      if (isRefused) steps.note(type === 'ban' ? 'refuses-banned' : 'refuses-throttled', sentence)
      await screen.detail('tried', sentence, isRefused ? 'plain' : 'alarm')
    }
    if (this.#isToLift(decision)) {
      this.#toLift ??= { decision, atMs: clock.monotonicMs() + LOOK_MS }
    }
  }

  /** One that spares harmless people, where the recording has such; else the first ban. */
  #isToLift(decision: AppliedDecision): boolean {
    const { shared, steps } = this.#ports
    if (steps.isDone('lifted')) return false
    return shared.size === 0 ? decision.type === 'ban' : shared.has(decision.value)
  }

  async #explain(decision: AppliedDecision): Promise<void> {
    const { client, commandFor, screen, steps } = this.#ports
    if (steps.isDone('explained')) return
    const address = addressOf(decision)
    const explanation = await client.call('explainAddress', { params: { ip: address } })
    const found = explanation.decisions.find((one) => one.decision.id === decision.id)
    const [reason] = found?.decision.reasons ?? []
    const counters = countersOf(decision)
    const lines = found?.decision.line_hashes.length ?? 0
    if (reason === undefined || counters === '' || lines === 0) return
    if (found === undefined || found.carried_out.length === 0) return
    steps.note('explained', `rule ${reason.rule}; ${counters}; ${lines} lines`)
    await screen.detail('more', 'everything that led to it, and how to undo it:')
    await screen.command(commandFor(`decisions explain ${address}`), 'strong')
  }

  async ended(decision: AppliedDecision, why: string): Promise<void> {
    if (why === 'superseded') return
    this.#ended++
    if (why === 'expired') {
      const kind = `expired ${decision.type}`
      if (this.#told.has(kind) && this.#ports.steps.isDone('expired')) return
      if (await this.#showFreed(decision, { step: 'expired', served: 'serves-expired' })) {
        this.#told.add(kind)
      }
    } else {
      await this.#showFreed(decision, { step: 'lifted', served: 'serves-lifted' })
    }
  }

  /** Nothing holds the address any more, and it is served again. False if it was blocked anew at once. */
  async #showFreed(
    decision: AppliedDecision,
    ids: { readonly step: StepId; readonly served: StepId }
  ): Promise<boolean> {
    const { enforcement, screen, steps } = this.#ports
    const [prefix] = decision.prefixes
    if (prefix === undefined) return false
    const isFree = async () =>
      !(await enforcement.isHeld('ban', prefix)) && !(await enforcement.isHeld('throttle', prefix))
    if (!(await this.#until(isFree))) return false
    const address = addressOf(decision)
    const how =
      ids.step === 'expired'
        ? `its ${formatDuration(Date.parse(decision.until) - Date.parse(decision.created_at))} are over`
        : 'by hand'
    const gone = `${address} no longer stands in ${enforcement.placeOf(decision.type)}`
    steps.note(ids.step, gone)
    await screen.blank()
    await screen.news('LIFTED  ', `${subjectOf(decision)}: ${how}`, 'good')
    await screen.detail('written', gone)
    const answer = await enforcement.request(address)
    if (answer !== undefined) {
      const sentence = `a request from ${address}: ${answerOf(answer)}`
      if (answer === 200) steps.note(ids.served, sentence)
      await screen.detail('tried', sentence, answer === 200 ? 'plain' : 'alarm')
    }
    await screen.blank()
    return true
  }

  /** Lifts one decision by hand, when it has stood for a while. */
  async liftIfDue(): Promise<void> {
    const { client, clock, commandFor, screen, shared } = this.#ports
    const due = this.#toLift
    if (due === undefined || clock.monotonicMs() < due.atMs) return
    this.#toLift = undefined
    const { id, type, value } = due.decision
    await screen.blank()
    await screen.news(
      'BY HAND ',
      `the ${type} of ${value} is lifted, as an operator would:`,
      'good'
    )
    if (shared.has(value)) {
      await screen.detail('why', 'it is a gateway, and harmless people are behind it as well')
    }
    await screen.command(commandFor(`decisions lift ${value}`), 'strong')
    const reason = 'a gateway that others use as well (demo)'
    await client.call('liftDecision', { params: { id }, query: { reason } }).catch((error) => {
      // It may just have ended by itself; then another will be lifted.
      if (!(error instanceof ApiError)) throw error
    })
  }

  async #until(isTrue: () => Promise<boolean>): Promise<boolean> {
    const { clock } = this.#ports
    const endMs = clock.monotonicMs() + CARRIED_OUT_TIMEOUT_MS
    while (!(await isTrue())) {
      if (clock.monotonicMs() > endMs) return false
      await clock.sleep(POLL_MS)
    }
    return true
  }
}
