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
  /** From which score on a source is watched. */
  readonly watch: number
}

const CLAUSES_MAX = 3
export const SENTENCE_LENGTH_MAX = 400
/** What moved the score less than this share of the strongest is not worth a word; against it, less than this. */
const WORTH_SAYING = 0.1
const WORTH_ADMITTING = 0.25

const TOPIC_OF: ReadonlyMap<string, Topic> = new Map(
  TOPICS.flatMap((topic) => topic.features.map((name) => [name, topic] as const))
)

/** Without a full stop; begins in lower case, as every reason does. */
export function modelSentence(input: SentenceInput): string {
  const { contributions, score, watch } = input
  const isAbuse = score >= watch
  const sign = isAbuse ? 1 : -1
  const ranked = [...contributions.keys()].sort(
    (a, b) => sign * ((contributions[b] ?? 0) - (contributions[a] ?? 0))
  )
  const strengthOf = (index: number) => sign * (contributions[index] ?? 0)
  const strongest = strengthOf(ranked[0] ?? 0)
  const told = new Set<Topic | Feature>()
  const start = isAbuse
    ? `looks like abuse, with a probability of ${percentText(score)}`
    : `looks harmless, abuse with a probability of ${percentText(score)}`
  const clauses: string[] = []
  let length = start.length
  for (const index of ranked) {
    if (clauses.length === CLAUSES_MAX || !(strengthOf(index) > strongest * WORTH_SAYING)) break
    const clause = clauseOf(index, input.features, told)
    if (clause === undefined || length + clause.length + 8 > SENTENCE_LENGTH_MAX) continue
    clauses.push(clause)
    length += clause.length + 8
  }
  const because = clauses.length === 0 ? '' : `: it ${joined(clauses)}`
  const admitted = ranked
    .toReversed()
    .filter((index) => -strengthOf(index) > Math.max(0, strongest) * WORTH_ADMITTING)
    .slice(0, 1)
    .map((index) => clauseOf(index, input.features, told))
    .find((clause) => clause !== undefined)
  const end = admitted === undefined ? '' : `; against this speaks that it ${admitted}`
  const sentence = `${start}${because}${end}`
  return sentence.length > SENTENCE_LENGTH_MAX ? `${start}${because}` : sentence
}

/** What a feature has to tell, unless its topic was told already. */
function clauseOf(
  index: number,
  features: Float32Array,
  told: Set<Topic | Feature>
): string | undefined {
  const feature = FEATURES[index]
  const value = features[index] ?? Number.NaN
  if (feature === undefined || Number.isNaN(value)) return undefined
  const topic = TOPIC_OF.get(feature.name) ?? feature
  if (told.has(topic)) return undefined
  told.add(topic)
  return 'tell' in topic
    ? topic.tell(reader(features))
    : `shows ${valueText(feature, value)} (${feature.meaning})`
}

const INDEX: ReadonlyMap<string, number> = new Map(FEATURES.map(({ name }, index) => [name, index]))

function reader(features: Float32Array): ReadFeature {
  return (name) => features[INDEX.get(name) ?? -1] ?? Number.NaN
}

function joined(clauses: readonly string[]): string {
  if (clauses.length < 2) return clauses.join('')
  return `${clauses.slice(0, -1).join('; ')}; and ${clauses.at(-1)}`
}
