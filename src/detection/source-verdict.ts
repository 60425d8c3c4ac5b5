/** From what rules and model say of one source to what is said of it: its level, and whether that is worth saying now. */
import { reasonOf } from './gather-evidence.ts'
import type { Opinion } from './model-judge.ts'
import type { RuleHit } from './rules/rule.ts'
import { readDetail, type SourceSession } from './session.ts'
import { type Category, VERDICT_LEVELS, type Verdict, type VerdictLevel } from './verdict.ts'

/** A verdict that still holds is said again after this, so that its decision is prolonged while the abuse goes on. */
const SAY_AGAIN_MS = 60_000
const WATCH_AGAIN_MS = 600_000
const STRIKES_TO_BAN = 3
const STRIKE_APART_MS = 540_000
const STRIKES_REMEMBERED_MS = 86_400_000

export interface SourceFindings {
  readonly atMs: number
  /** The most severe first. */
  readonly hits: readonly RuleHit[]
  readonly opinion: Opinion | undefined
  /** There is a model, and nothing has changed that would change its mind. */
  readonly isSkipped: boolean
  /** A first verdict needs a line to show. */
  readonly rememberLine: () => void
}

interface Judgement {
  readonly level: VerdictLevel
  readonly isLasting: boolean
  readonly category: Category
  readonly score: number
  readonly hits: readonly RuleHit[]
}

/** Undefined if there is nothing to say, or nothing new. Writes the level into the session. */
export function concludeSource(
  session: SourceSession,
  findings: SourceFindings
): Verdict | undefined {
  const { atMs, opinion } = findings
  const judged = weigh(findings)
  if (judged === undefined) {
    if (!findings.isSkipped) session.level = 'benign'
    return undefined
  }
  const level = judged.isLasting ? judged.level : levelAfterStrikes(session, judged.level, atMs)
  const hits = level === judged.level ? judged.hits : [...judged.hits, repeatedOffence(session)]
  const speaks = opinion !== undefined && opinion.level !== 'benign'
  const rules = hits.map((found) => found.reason.rule).concat(speaks ? ['model'] : [])
  if (!isWorthSaying(session, { atMs, level, rules })) return undefined
  if (readDetail(session).lineHashes.length === 0) findings.rememberLine()
  const reasons = hits.map((found) => found.reason)
  return {
    atMs,
    scope: 'address',
    value: session.source,
    members: [],
    level,
    category: judged.category,
    score: judged.score,
    reasons: speaks ? [reasonOf(opinion.evidence()), ...reasons] : reasons,
    lineHashes: [...(session.detail?.lineHashes ?? [])],
    ...(opinion && { evidence: opinion.evidence })
  }
}

function weigh({ hits, opinion }: SourceFindings): Judgement | undefined {
  if (opinion === undefined) return byRules(hits)
  const held = opinion.isCleared ? hits.filter(({ isHard }) => isHard) : hits
  const rules = byRules(held)
  if (opinion.level === 'benign') return rules
  const isStronger =
    rules === undefined ||
    VERDICT_LEVELS.indexOf(opinion.level) > VERDICT_LEVELS.indexOf(rules.level)
  if (!isStronger) return { ...rules, score: Math.max(rules.score, opinion.score) }
  return {
    level: opinion.level,
    isLasting: opinion.level !== 'ban',
    category: rules?.category ?? opinion.findCategory(),
    score: opinion.score,
    hits: held
  }
}

function byRules(hits: readonly RuleHit[]): Judgement | undefined {
  const strongest = hits[0]
  if (strongest === undefined) return undefined
  const score = 1 - hits.reduce((rest, found) => rest * (1 - found.score), 1)
  return {
    level: strongest.level,
    isLasting: strongest.isLasting,
    category: strongest.category,
    score,
    hits
  }
}

function isWorthSaying(
  session: SourceSession,
  now: { readonly atMs: number; readonly level: VerdictLevel; readonly rules: readonly string[] }
): boolean {
  const { atMs, level, rules } = now
  const grew = VERDICT_LEVELS.indexOf(level) > VERDICT_LEVELS.indexOf(session.level)
  const isNewReason = level !== 'watch' && rules.some((rule) => !session.saidRules.includes(rule))
  const againMs = level === 'watch' ? WATCH_AGAIN_MS : SAY_AGAIN_MS
  const isDue = atMs - session.saidAtMs >= againMs
  session.level = level
  if (!grew && !isNewReason && !isDue) return false
  session.saidAtMs = atMs
  session.saidRules = [...rules]
  return true
}

/** The third time that a throttle would be due within a day, with time in between for the earlier ones to end, is a ban. */
function levelAfterStrikes(
  session: SourceSession,
  level: VerdictLevel,
  atMs: number
): VerdictLevel {
  if (level !== 'throttle') return level
  const sinceMs = atMs - session.struckAtMs
  if (sinceMs > STRIKES_REMEMBERED_MS) session.strikes = 0
  if (sinceMs >= STRIKE_APART_MS) {
    session.strikes++
    session.struckAtMs = atMs
  }
  return session.strikes >= STRIKES_TO_BAN ? 'ban' : level
}

function repeatedOffence(session: SourceSession): RuleHit {
  return {
    level: 'ban',
    category: 'other',
    score: 0.5,
    isLasting: false,
    isHard: true,
    reason: {
      rule: 'repeated-offence',
      text: `went on after it had been slowed down ${session.strikes - 1} times within a day`,
      counters: { strikes: session.strikes, ban_at: STRIKES_TO_BAN }
    }
  }
}
