/** What a decision is called on the screen. Pure. */
import type { OperationResponse } from '../../api/index.ts'
import { formatDuration } from '../../base/index.ts'
import type { AppliedType } from './enforcement.ts'
import type { Tone } from './screen.ts'

export type WireDecision = OperationResponse<'liftDecision'>
export type AppliedDecision = WireDecision & { readonly type: AppliedType }

export function isApplied(decision: WireDecision): decision is AppliedDecision {
  return decision.type !== 'watch'
}

export function toneOf(decision: AppliedDecision): Tone {
  return decision.type === 'ban' ? 'alarm' : 'caution'
}

/** `upload flood` */
export function categoryOf(decision: WireDecision): string {
  return decision.category === 'other' ? 'crash probes' : decision.category.replaceAll('-', ' ')
}

/** `127.1.2.3`, or how many addresses a swarm has. */
export function subjectOf(decision: WireDecision): string {
  return decision.scope === 'swarm' ? `a swarm of ${decision.prefixes.length}` : decision.value
}

export function ttlOf(decision: WireDecision): string {
  return formatDuration(Date.parse(decision.until) - Date.parse(decision.created_at))
}

/** `throttle for 20s` */
export function actionOf(decision: AppliedDecision): string {
  const offence = decision.offence === 0 ? '' : `, offence ${decision.offence + 1}`
  return `${decision.type} for ${ttlOf(decision)}${offence}`
}

/** `confidence 0.90, 6 log lines remembered by hash` */
export function evidenceOf(decision: WireDecision): string {
  const lines = decision.line_hashes.length
  const parts = [`confidence ${decision.confidence.toFixed(2)}`]
  if (lines > 0) parts.push(`${lines} log ${lines === 1 ? 'line' : 'lines'} remembered by hash`)
  return parts.join(', ')
}

/** First who decided, then the others that spoke. */
export function reasonsOf(decision: WireDecision): string {
  return decision.reasons.map(({ rule, text }) => `${text} [${rule}]`).join('; ')
}

/** `behaviour@1 says: looks like abuse …`; undefined where no model found it worth a word. */
export function modelSentenceOf({ model, reasons }: WireDecision): string | undefined {
  const said = reasons.find(({ rule }) => rule === 'model')
  return model === null || said === undefined ? undefined : `${model} says: ${said.text}`
}

/** Who spoke, the model by its name and version. */
export function judgesOf({ model, reasons }: WireDecision): string {
  const rules = reasons.filter(({ rule }) => rule !== 'model').length
  const byRules = rules === 0 ? [] : [`${rules} ${rules === 1 ? 'rule' : 'rules'}`]
  const byModel = reasons.some(({ rule }) => rule === 'model') && model !== null ? [model] : []
  return [...byModel, ...byRules].join(' and ')
}

/** The counters of the rule that decided, thresholds included, or else of the model; negative is what is not known. */
export function countersOf({ reasons }: WireDecision): string {
  const rule = reasons.find((reason) => reason.rule !== 'model') ?? reasons[0]
  return Object.entries(rule?.counters ?? {})
    .filter(([, value]) => value >= 0)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${Number(value.toFixed(2))}`)
    .join(', ')
}

/** One address of those that the decision is about. */
export function addressOf(decision: WireDecision): string {
  return (decision.prefixes[0] ?? decision.value).replace(/\/(?:32|128)$/, '')
}

export function answerOf(status: number | 'closed'): string {
  switch (status) {
    case 'closed':
      return 'the connection was closed without an answer'
    case 429:
      return '429 Too Many Requests'
    case 200:
      return '200 OK'
    default:
      return `status ${status}`
  }
}
