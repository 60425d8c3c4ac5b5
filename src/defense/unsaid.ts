/**
 * What stands here and was not said to a network yet, found by comparing decisions with what the store knows to have been said: so
 * nothing is forgotten when a network refuses, or when the node is killed in the middle of it. Pure but for the store.
 */
import type { PrefixText } from '../base/index.ts'
import { VOTE_TTL_S_MAX } from '../wire/index.ts'
import type { SharedDecision } from './sharing.ts'
import type { ToldStore } from './taking-back.ts'

const DAY_MS = 24 * 3_600_000
/** A vote that holds for as long as it may is said anew a day before it ends. */
const VOTED_MS_MIN = VOTE_TTL_S_MAX * 1_000 - DAY_MS

export interface Unsaid {
  /** With the prefixes of which no alert tells, or not for as long as they are held. */
  readonly alerts: readonly SharedDecision[]
  /** With the prefixes of which an alert tells, and no vote. */
  readonly votes: readonly SharedDecision[]
}

export function findUnsaid(
  wanted: Iterable<SharedDecision>,
  told: Pick<ToldStore, 'said'>,
  { network, nowMs }: { readonly network: string; readonly nowMs: number }
): Unsaid {
  const alerts: SharedDecision[] = []
  const votes: SharedDecision[] = []
  for (const shared of wanted) {
    const { decisionId, prefixes, untilMs } = shared
    if (untilMs <= nowMs) continue
    const said = new Map(told.said(network, decisionId, nowMs).map((row) => [row.prefix, row]))
    const votedMsMin = Math.min(untilMs, nowMs + VOTED_MS_MIN)
    const untold = prefixes.filter((prefix) => (said.get(prefix)?.untilMs ?? 0) < untilMs)
    const unvoted = prefixes.filter((prefix) => {
      const row = said.get(prefix)
      return row !== undefined && row.votedUntilMs < votedMsMin
    })
    if (untold.length > 0) alerts.push({ ...shared, prefixes: untold })
    if (unvoted.length > 0) votes.push({ ...shared, prefixes: unvoted })
  }
  return { alerts, votes }
}

/** No more than so many different prefixes, from the front. */
export function firstPrefixes(
  decisions: readonly SharedDecision[],
  count: number
): readonly SharedDecision[] {
  const taken = new Set<PrefixText>()
  return decisions.flatMap((shared) => {
    const prefixes = shared.prefixes.filter((prefix) => {
      if (taken.size < count) taken.add(prefix)
      return taken.has(prefix)
    })
    return prefixes.length === 0 ? [] : [{ ...shared, prefixes }]
  })
}
