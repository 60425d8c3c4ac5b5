/**
 * What a model found, in one sentence that a volunteer understands at night: how sure it is, what the source did that speaks for
 * it, and what speaks against it. Decisions and the API say the same of the same features. Bounded in length.
 */
import type { Feature } from './features/feature.ts'
import { FEATURES } from './features/index.ts'
import { type ReadFeature, TOPICS, type Topic } from './features/phrases.ts'
import { percentText, valueText } from './features/value-text.ts'

export interface SentenceInput {
  /** In the order of `FEATURES`. */
  readonly features: Float32Array
  /** How far each moved the score, in log-odds, in the same order. */
  readonly contributions: Float64Array
  /** Calibrated probability of abuse. */
  readonly score: number
  /** From which score on a source is watched, and slowed down. */
  readonly thresholds: { readonly watch: number; readonly throttle: number }
}

const CLAUSES_MAX = 3
export const SENTENCE_LENGTH_MAX = 400
/** What moved the score less than this share of the strongest is not worth a word; against it, less than this. */
const WORTH_SAYING = 0.1
const WORTH_ADMITTING = 0.25
/** What stands between clauses, at most. */
const JOINT = 8
/** Calibration gives 0 and 1, and nobody is as sure as that. */
const SUREST = 0.9999

const TOPIC_OF: ReadonlyMap<string, Topic> = new Map(
  TOPICS.flatMap((topic) => topic.features.map((name) => [name, topic] as const))
)

/** Without a full stop; begins in lower case, as every reason does. */
export function modelSentence(input: SentenceInput): string {
  const { contributions, features } = input
  const start = beginning(input)
  const isFor = input.score >= input.thresholds.watch
  const sign = isFor ? 1 : -1
  const strengthOf = (index: number) => sign * (contributions[index] ?? 0)
  const ranked = [...contributions.keys()].sort((a, b) => strengthOf(b) - strengthOf(a))
  const strongest = Math.max(0, strengthOf(ranked[0] ?? 0))
  const told = new Set<Topic | Feature>()
  const worth = ranked.filter((index) => strengthOf(index) > strongest * WORTH_SAYING)
  const clauses: string[] = []
  let length = start.length
  // The rules have reasons of their own: what they say comes where there is room for it.
  for (const index of [...worth.filter(isFirst), ...worth.filter((index) => !isFirst(index))]) {
    if (clauses.length === CLAUSES_MAX) break
    const clause = clauseOf(index, features, { isFor, told })
    if (clause === undefined || length + clause.length + JOINT > SENTENCE_LENGTH_MAX) continue
    clauses.push(clause)
    length += clause.length + JOINT
  }
  const because = clauses.length === 0 ? '' : `: it ${joined(clauses)}`
  const admitted = ranked
    .toReversed()
    .slice(0, 1)
    .filter((index) => -strengthOf(index) > strongest * WORTH_ADMITTING)
    .map((index) => clauseOf(index, features, { isFor: !isFor, told }))
    .find((clause) => clause !== undefined)
  const end = admitted === undefined ? '' : `; against this speaks that it ${admitted}`
  const sentence = `${start}${because}${end}`
  return sentence.length > SENTENCE_LENGTH_MAX ? `${start}${because}` : sentence
}

function beginning({ score, thresholds: { watch, throttle } }: SentenceInput): string {
  const sure = percentText(Math.min(SUREST, Math.max(1 - SUREST, score)))
  if (score < watch) return `looks harmless, abuse with a probability of ${sure}`
  return `${score < throttle ? 'may be' : 'looks like'} abuse, with a probability of ${sure}`
}

function isFirst(index: number): boolean {
  return TOPIC_OF.get(FEATURES[index]?.name ?? '')?.isLast !== true
}

/** What a feature has to tell for abuse, or for the source, unless its topic was told already. */
function clauseOf(
  index: number,
  features: Float32Array,
  { isFor, told }: { readonly isFor: boolean; readonly told: Set<Topic | Feature> }
): string | undefined {
  const feature = FEATURES[index]
  const value = features[index] ?? Number.NaN
  if (feature === undefined || Number.isNaN(value)) return undefined
  const topic = TOPIC_OF.get(feature.name)
  if (told.has(topic ?? feature)) return undefined
  told.add(topic ?? feature)
  if (topic === undefined) return `shows ${valueText(feature, value)} (${feature.meaning})`
  const read = reader(features)
  return (isFor ? undefined : topic.reassure?.(read)) ?? topic.tell(read)
}

const INDEX: ReadonlyMap<string, number> = new Map(FEATURES.map(({ name }, index) => [name, index]))

function reader(features: Float32Array): ReadFeature {
  return (name) => features[INDEX.get(name) ?? -1] ?? Number.NaN
}

function joined(clauses: readonly string[]): string {
  if (clauses.length < 2) return clauses.join('')
  return `${clauses.slice(0, -1).join('; ')}; and ${clauses.at(-1)}`
}
