/** Our policy against one of the baselines on the same days: how much fewer faults, over all and by class, and how sure that is. Pure. */
import type { Interval } from '../../../src/training/index.ts'
import { type Day, inOrder } from './figures.ts'
import { isFlagged, type SourceOutcome } from './outcomes.ts'
import { type PairedGroup, pairedReduction } from './statistics.ts'

/** Sees whole sessions: no baseline that could run. */
export const YARDSTICK = 'whole-session'

export interface Comparison {
  readonly baseline: string
  /** Misses and false positives together. */
  readonly error: Interval | null
  readonly falsePositives: Interval | null
  /** Of a class of abuse the misses, of a harmless one the false positives. */
  readonly byClass: Readonly<Record<string, Interval | null>>
}

interface Group extends PairedGroup {
  readonly class: string
  readonly isAbuse: boolean
}

/** @param ours and `theirs`: the same days in the same order */
export function compare(
  baseline: string,
  ours: readonly Day[],
  options: { readonly theirs: readonly Day[]; readonly seed: number }
): Comparison {
  const { theirs, seed } = options
  const groups = ours.flatMap((day, index) => {
    const other = theirs[index]
    if (other?.name !== day.name) {
      throw new RangeError(`expected the outcomes of ${day.name}, got ${other?.name}`)
    }
    return [...campaignGroups(day, other), ...benignGroups(day, other)]
  })
  const reduce = (of: readonly Group[]) => pairedReduction(of, { seed })
  const classes = [...new Set(groups.map((group) => group.class))].sort(inOrder)
  return {
    baseline,
    error: reduce(groups),
    falsePositives: reduce(groups.filter(({ isAbuse }) => !isAbuse)),
    byClass: Object.fromEntries(
      classes.map((name) => [name, reduce(groups.filter((group) => group.class === name))])
    )
  }
}

/** A campaign's misses under both; a source of two classes is counted in its first. */
function campaignGroups(ours: Day, theirs: Day): readonly Group[] {
  const count = (day: Day) => {
    const misses = new Map<string, { class: string; missed: number }>()
    for (const outcome of day.outcomes.abuse) {
      const known = misses.get(outcome.campaign) ?? { class: classOf(outcome), missed: 0 }
      if (!isFlagged(outcome)) known.missed++
      misses.set(outcome.campaign, known)
    }
    return misses
  }
  const other = count(theirs)
  return [...count(ours)].map(([campaign, { class: name, missed }]) => ({
    class: name,
    isAbuse: true,
    ours: missed,
    theirs: other.get(campaign)?.missed ?? 0
  }))
}

/** The harmless sources of one class on one day are a group: one policy errs on many of a kind at once. */
function benignGroups(ours: Day, theirs: Day): readonly Group[] {
  const flagged = (day: Day, name: string) =>
    day.outcomes.touched.filter((one) => isFlagged(one) && classOf(one) === name).length
  return Object.keys(ours.outcomes.benignByClass).map((name) => ({
    class: name,
    isAbuse: false,
    ours: flagged(ours, name),
    theirs: flagged(theirs, name)
  }))
}

function classOf({ classes }: SourceOutcome): string {
  return classes[0] ?? ''
}

/** The one with the fewest faults. */
export function bestOf<One extends { readonly error: number | null }>(
  baselines: readonly One[]
): One | undefined {
  return [...baselines].sort((a, b) => (a.error ?? 1) - (b.error ?? 1))[0]
}
