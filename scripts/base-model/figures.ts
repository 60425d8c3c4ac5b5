/** How good scores are, by source: a source counts by its highest score, as the node would have acted on it. */
import type { RowTable } from './row-table.ts'

export interface Thresholds {
  readonly watch: number
  readonly throttle: number
  readonly ban: number
}

export interface RegionFigures {
  readonly region: string
  readonly abuseSources: number
  readonly benignSources: number
  readonly recall: number
  /** Mean over the classes of abuse. */
  readonly recallByClassMean: number
  readonly falsePositives: number
  /** Benign sources at or over the ban threshold. */
  readonly falseBans: number
  readonly recallByClass: Readonly<Record<string, number>>
}

interface Source {
  readonly class: string
  readonly isAbuse: boolean
  readonly score: number
}

/** Budget of false positives: 5 in 10 000 harmless sources are slowed down. */
const FALSE_POSITIVES = 5e-4
const WATCH_SHARE = 0.25
/** The validation region is not the world: the throttle lies so much of the room above the budget's score higher. */
const THROTTLE_MARGIN = 0.5
/** A ban asks for half the room that is left above the throttle and above any score that a harmless source of the region reached. */
const BAN_MARGIN = 0.5

function sourcesOf(table: RowTable, scores: Float64Array): readonly Source[] {
  const best = new Map<string, Source>()
  for (let row = 0; row < table.rows; row++) {
    const name = table.sources[row] ?? ''
    const score = scores[row] ?? 0
    if ((best.get(name)?.score ?? -1) >= score) continue
    best.set(name, {
      class: table.classNames[row] ?? '',
      isAbuse: table.labels[row] === 1,
      score
    })
  }
  return [...best.values()]
}

export function thresholdsFrom(table: RowTable, scores: Float64Array): Thresholds {
  const benign = sourcesOf(table, scores)
    .filter(({ isAbuse }) => !isAbuse)
    .map(({ score }) => score)
    .sort((a, b) => b - a)
  const budget = Math.max(0.5, (benign[Math.floor(benign.length * FALSE_POSITIVES)] ?? 0) + 1e-6)
  const throttle = budget + (1 - budget) * THROTTLE_MARGIN
  const highest = Math.max(throttle, benign[0] ?? 0)
  const ban = Math.min(0.999, highest + (1 - highest) * BAN_MARGIN)
  return { watch: throttle * WATCH_SHARE, throttle: Math.min(throttle, ban), ban }
}

export function figuresOf(
  region: string,
  table: RowTable,
  scores: Float64Array,
  thresholds: Thresholds
): RegionFigures {
  const sources = sourcesOf(table, scores)
  const abuse = sources.filter(({ isAbuse }) => isAbuse)
  const benign = sources.filter(({ isAbuse }) => !isAbuse)
  const shareFound = (of: readonly Source[]) =>
    of.filter(({ score }) => score >= thresholds.throttle).length / of.length
  const classes = [...new Set(abuse.map((source) => source.class))].sort(byNumber)
  const recallByClass = Object.fromEntries(
    classes.map((name) => [name, shareFound(abuse.filter((source) => source.class === name))])
  )
  const recalls = Object.values(recallByClass)
  return {
    region,
    abuseSources: abuse.length,
    benignSources: benign.length,
    recall: shareFound(abuse),
    recallByClassMean: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    falsePositives: benign.filter(({ score }) => score >= thresholds.throttle).length,
    falseBans: benign.filter(({ score }) => score >= thresholds.ban).length,
    recallByClass
  }
}

/** `A9` before `A10`. */
function byNumber(a: string, b: string): number {
  return Number(a.slice(1)) - Number(b.slice(1))
}
