/** How good scores are, by source: a source counts by its highest score, as the node would have acted on it. */
import { type BehaviourTable, sourceNames, wordAt } from '../behaviour-table.ts'

/** From which calibrated score on a source is watched, slowed down, kept out. */
export interface Thresholds {
  readonly watch: number
  readonly throttle: number
  readonly ban: number
}

/** Of one class of the taxonomy. */
export interface ClassFigures {
  readonly sources: number
  /** At or over the throttle threshold. */
  readonly flagged: number
  /** At or over the ban threshold. */
  readonly banned: number
  /** Between watch and throttle: the model says nothing about them. */
  readonly unsure: number
}

export interface SourceFigures {
  /** Which rows: a region, `validation`, `out-of-fold`. */
  readonly name: string
  readonly abuseSources: number
  readonly benignSources: number
  /** Share of the abusive sources that are flagged; null without any. */
  readonly recall: number | null
  /** Mean over the classes of abuse. */
  readonly recallByClassMean: number | null
  /** Share of the flagged sources that are abusive; null if none is flagged. */
  readonly precision: number | null
  /** Harmless sources that are flagged. */
  readonly falsePositives: number
  /** Harmless sources at or over the ban threshold. */
  readonly falseBans: number
  readonly byClass: Readonly<Record<string, ClassFigures>>
}

interface Source {
  readonly class: string
  readonly isAbuse: boolean
  readonly score: number
}

/** Share of the throttle threshold from which on a source is watched. */
const WATCH_SHARE = 0.25
/** The rows that thresholds come from are not the world: the throttle lies so much of the room above the budget's score higher. */
const THROTTLE_MARGIN = 0.5
/** A ban asks for half the room that is left above the throttle and above any score that a harmless source reached. */
const BAN_MARGIN = 0.5
const THROTTLE_MIN = 0.5
const BAN_MAX = 0.999
/** A score that equals the last one that is allowed does not count. */
const JUST_ABOVE = 1e-6

function sourcesOf(table: BehaviourTable, scores: Float64Array): readonly Source[] {
  const best = new Map<string, Source>()
  for (const [row, name] of sourceNames(table).entries()) {
    const score = scores[row] ?? 0
    if ((best.get(name)?.score ?? -1) >= score) continue
    best.set(name, { class: wordAt(table.classes, row), isAbuse: table.labels[row] === 1, score })
  }
  return [...best.values()]
}

/**
 * @param scores calibrated, of rows that the model had not seen
 * @param budget share of the harmless sources that may be flagged
 */
export function thresholdsFrom(
  table: BehaviourTable,
  scores: Float64Array,
  budget: number
): Thresholds {
  const benign = sourcesOf(table, scores)
    .filter(({ isAbuse }) => !isAbuse)
    .map(({ score }) => score)
    .sort((a, b) => b - a)
  const allowed = benign[Math.floor(benign.length * budget)] ?? 0
  const least = Math.min(1, Math.max(THROTTLE_MIN, allowed + JUST_ABOVE))
  const throttle = least + (1 - least) * THROTTLE_MARGIN
  const highest = Math.max(throttle, benign[0] ?? 0)
  const ban = Math.min(BAN_MAX, highest + (1 - highest) * BAN_MARGIN)
  return { watch: throttle * WATCH_SHARE, throttle: Math.min(throttle, ban), ban }
}

export function figuresBySource(
  name: string,
  of: { readonly table: BehaviourTable; readonly scores: Float64Array },
  thresholds: Thresholds
): SourceFigures {
  const sources = sourcesOf(of.table, of.scores)
  const abuse = sources.filter(({ isAbuse }) => isAbuse)
  const benign = sources.filter(({ isAbuse }) => !isAbuse)
  const flagged = (some: readonly Source[]) =>
    some.filter(({ score }) => score >= thresholds.throttle).length
  const banned = (some: readonly Source[]) =>
    some.filter(({ score }) => score >= thresholds.ban).length
  const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
  const byClass = Object.fromEntries(
    [...new Set(sources.map((source) => source.class))].sort(byNumber).map((word) => {
      const own = sources.filter((source) => source.class === word)
      const watched = own.filter(({ score }) => score >= thresholds.watch).length
      const figures: ClassFigures = {
        sources: own.length,
        flagged: flagged(own),
        banned: banned(own),
        unsure: watched - flagged(own)
      }
      return [word, figures]
    })
  )
  const recalls = [...new Set(abuse.map((source) => source.class))].map((word) => {
    const own = abuse.filter((source) => source.class === word)
    return flagged(own) / own.length
  })
  return {
    name,
    abuseSources: abuse.length,
    benignSources: benign.length,
    recall: share(flagged(abuse), abuse.length),
    recallByClassMean: share(
      recalls.reduce((sum, recall) => sum + recall, 0),
      recalls.length
    ),
    precision: share(flagged(abuse), flagged(abuse) + flagged(benign)),
    falsePositives: flagged(benign),
    falseBans: banned(benign),
    byClass
  }
}

/** `A9` before `A10`; other words by their letters. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
