/**
 * What others have to be told when a decision of this node turns out to be wrong: the alert that named it is void, and so is the
 * vote; what else the alert said is said again without it. Pure.
 */
import type { PrefixText } from '../base/index.ts'
import type { SharedDecision } from './sharing.ts'

/** One prefix of an own alert, and the decision for which it is named. */
export interface ToldIndicator {
  readonly network: string
  /** The id of the event. */
  readonly alert: string
  readonly decision: string
  readonly prefix: PrefixText
  readonly shared: SharedFacts
  /** over: the decision ended in its time; withdrawn: it was wrong, and others have not been told yet. */
  readonly state: 'standing' | 'over' | 'withdrawn'
  readonly endsAtMs: number
}

export type SharedFacts = Omit<SharedDecision, 'prefixes'>

/** What own alerts say, on disk. */
export interface ToldStore {
  save(indicators: readonly ToldIndicator[]): void
  /** The decision ended in its time. */
  end(decision: string): void
  /** What was said for the decision, and for earlier ones about these prefixes, has to be taken back. */
  withdraw(decision: string, prefixes: readonly PrefixText[]): void
  /** All that the alerts say in which something has to be taken back, by network and alert. */
  withdrawn(nowMs: number): readonly ToldIndicator[]
  /** Whether it is still said for a decision that is in force. */
  isStanding(network: string, prefix: PrefixText, nowMs: number): boolean
  /** Whether an alert says so in which nothing has to be taken back. */
  isSaidElsewhere(indicator: Pick<ToldIndicator, 'network' | 'decision' | 'prefix'>): boolean
  remove(network: string, alert: string): void
  removeEnded(nowMs: number): void
}

export interface Withdrawal {
  readonly network: string
  /** Ids of alerts that are void, and until when they would have stood. */
  readonly alerts: readonly { readonly id: string; readonly endsAtMs: number }[]
  /** With the prefixes of which nothing is said any more. */
  readonly lifted: readonly SharedDecision[]
  /** Said by the same alerts, and still true. */
  readonly standing: readonly SharedDecision[]
}

export function planWithdrawals(
  store: Pick<ToldStore, 'withdrawn' | 'isStanding' | 'isSaidElsewhere'>,
  nowMs: number
): readonly Withdrawal[] {
  const told = store.withdrawn(nowMs)
  const networks = [...new Set(told.map(({ network }) => network))]
  return networks.map((network) => {
    const here = told.filter((indicator) => indicator.network === network)
    const alerts = new Map(here.map(({ alert: id, endsAtMs }) => [id, { id, endsAtMs }]))
    const lifted = here.filter(
      ({ state, prefix }) => state === 'withdrawn' && !store.isStanding(network, prefix, nowMs)
    )
    const standing = here.filter(
      (indicator) =>
        indicator.state === 'standing' &&
        indicator.shared.untilMs > nowMs &&
        !store.isSaidElsewhere(indicator)
    )
    return {
      network,
      alerts: [...alerts.values()],
      lifted: byDecision(lifted),
      standing: byDecision(standing)
    }
  })
}

/** The prefixes of an alert, each for all the decisions that name it. */
export function toldIndicators(
  event: { readonly network: string; readonly alert: string; readonly endsAtMs: number },
  named: readonly PrefixText[],
  decisions: readonly SharedDecision[]
): readonly ToldIndicator[] {
  const inAlert = new Set(named)
  return decisions.flatMap(({ prefixes, ...shared }) =>
    prefixes
      .filter((prefix) => inAlert.has(prefix))
      .map((prefix) => ({
        ...event,
        ...{ decision: shared.decisionId, prefix, shared, state: 'standing' as const }
      }))
  )
}

/** Of the same decision in several alerts the last one says how it stands. */
function byDecision(indicators: readonly ToldIndicator[]): readonly SharedDecision[] {
  const decisions = new Map<string, { shared: SharedFacts; prefixes: Set<PrefixText> }>()
  for (const { decision, prefix, shared } of indicators) {
    const known = decisions.get(decision) ?? { shared, prefixes: new Set() }
    if (shared.untilMs >= known.shared.untilMs) known.shared = shared
    known.prefixes.add(prefix)
    decisions.set(decision, known)
  }
  return [...decisions.values()].map(({ shared, prefixes }) => ({
    ...shared,
    prefixes: [...prefixes]
  }))
}
