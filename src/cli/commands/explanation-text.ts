/** The explanation of an address, to be understood by a volunteer at three in the morning: first what is, then why, then how to undo it. */
import type { OperationResponse } from '../../api/index.ts'
import { endTime, isEndless, plain, plural, relativeTime, utcTime, words, wrap } from '../output.ts'

import { evidenceFields } from './evidence-text.ts'

export type Explanation = OperationResponse<'explainAddress'>
type Explained = Explanation['decisions'][number]

const WIDTH_MAX = 100
const LABEL_WIDTH = 10

export function renderExplanation(explanation: Explanation, columns: number | undefined): string {
  const width = Math.min(columns ?? WIDTH_MAX, WIDTH_MAX)
  const nowMs = Date.parse(explanation.at)
  const standing = explanation.decisions.filter(isStanding)
  const over = explanation.decisions.filter((explained) => !isStanding(explained))
  return [
    `${wrap(headline(explanation), width - 2, '  ')}\n`,
    ...standing.map((explained) => renderDecision(explained, { nowMs, width })),
    renderEarlier(over, { nowMs, width }),
    renderSuppressions(explanation, { nowMs, width }),
    renderSession(explanation, width)
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function isStanding({ decision }: Explained): boolean {
  return decision.state === 'in-force' || decision.state === 'shadow'
}

const DONE_TO: Readonly<Record<string, string>> = {
  ban: 'banned',
  throttle: 'throttled',
  watch: 'watched'
}

function headline(explanation: Explanation): string {
  const { client_ip: ip, protected_by: protection, decisions } = explanation
  if (protection !== null) {
    return `${ip} is never acted on: ${protection.kind} (${plain(protection.detail)}).`
  }
  const inForce = decisions.filter(({ decision }) => decision.state === 'in-force')
  const acting = inForce.find(({ decision }) => decision.type !== 'watch')
  if (acting !== undefined && acting.carried_out.length === 0) {
    return `${ip} should be ${DONE_TO[acting.decision.type]} ${endText(acting, explanation)}, but nobody turns it away: no actuator is configured.`
  }
  if (acting !== undefined && !acting.is_in_effect) {
    return `${ip} should be ${DONE_TO[acting.decision.type]} ${endText(acting, explanation)}, but this node cannot say that anybody turns it away: see what is done below.`
  }
  if (acting !== undefined) {
    return `${ip} is ${DONE_TO[acting.decision.type]} ${endText(acting, explanation)}.`
  }
  const shadow = decisions.find(
    ({ decision }) => decision.state === 'shadow' && decision.type !== 'watch'
  )
  if (shadow !== undefined) {
    return `${ip} is not blocked: shadow mode. Enforced, it would be ${DONE_TO[shadow.decision.type]} ${endText(shadow, explanation)}.`
  }
  if (decisions.some(isStanding)) return `${ip} is watched; nothing is applied.`
  if (decisions.length > 0) return `Nothing stands against ${ip} now.`
  const isKnown = Object.keys(explanation.session).length > 0
  return isKnown
    ? `Nothing was ever decided about ${ip}.`
    : `Nothing is known about ${ip}: no decision, and no traffic that is remembered.`
}

function endText({ decision }: Explained, { at }: Explanation): string {
  if (isEndless(decision.until)) return 'until the entry is removed'
  return `until ${utcTime(decision.until)} (${endTime(decision.until, Date.parse(at))})`
}

interface Frame {
  readonly nowMs: number
  readonly width: number
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  'in-force': 'in force',
  shadow: 'not applied (shadow mode)',
  expired: 'over',
  lifted: 'over'
}

const ORIGINS = { detection: 'the node', operator: 'an operator', network: 'the network' }

function field(label: string, text: string, { width }: Frame): string {
  const indent = ' '.repeat(LABEL_WIDTH + 2)
  return `  ${label.padEnd(LABEL_WIDTH)}${wrap(plain(text), width - indent.length, indent)}\n`
}

function renderDecision(explained: Explained, frame: Frame): string {
  const { decision, carried_out, undo, evidence } = explained
  const about =
    decision.scope === 'swarm'
      ? `${decision.value}: ${plural(decision.prefixes.length, 'address', 'addresses')} that act as one`
      : `${decision.value} (${decision.scope})`
  const made = `${utcTime(decision.created_at)} (${relativeTime(decision.created_at, frame.nowMs)})`
  const weight = `${decision.severity}, score ${decision.confidence.toFixed(2)}, ${offenceText(decision.offence)}`
  return [
    `${decision.type} for ${decision.category}, ${STATE_WORDS[decision.state]}\n`,
    field('about', about, frame),
    field('decided', `${made} by ${ORIGINS[decision.origin]}`, frame),
    field('ends', endOf(decision.until, frame.nowMs), frame),
    field('weight', weight, frame),
    ...decision.reasons.map((reason, index) =>
      renderReason(reason, { index, isTold: evidence !== null && reason.rule === 'model' }, frame)
    ),
    ...modelFields(decision, evidence).map(([label, text]) => field(label, text, frame)),
    renderLines(decision.line_hashes, frame),
    ...doneTexts(decision.state, carried_out).map((text, index) =>
      field(index === 0 ? 'done' : '', text, frame)
    ),
    field('undo', undo, frame)
  ].join('')
}

function renderReason(
  reason: Explained['decision']['reasons'][number],
  { index, isTold }: { readonly index: number; readonly isTold: boolean },
  frame: Frame
): string {
  // A negative count stands for what is not known.
  const counted = Object.entries(reason.counters)
    .filter(([, value]) => value >= 0)
    .map(([name, value]) => `${words(name)} ${numberText(value)}`)
    .join(', ')
  return (
    field(index === 0 ? 'because' : 'and', `${reason.text} (rule ${reason.rule})`, frame) +
    (counted === '' || isTold ? '' : field('counted', counted, frame))
  )
}

function modelFields(
  { model, value, reasons }: Explained['decision'],
  evidence: Explained['evidence']
): readonly (readonly [string, string])[] {
  if (evidence !== null) {
    const isSaid = reasons.some(({ text }) => text === evidence.text)
    return evidenceFields(evidence, value).filter(([, text]) => !isSaid || text !== evidence.text)
  }
  return model === null ? [] : [['model', model]]
}

function renderLines(hashes: readonly string[], frame: Frame): string {
  if (hashes.length === 0) return ''
  return (
    field('log lines', hashes.join(' '), frame) +
    field('', '(beginning of the SHA-256 of each line, newest last)', frame)
  )
}

function doneTexts(state: string, carriedOut: readonly string[]): readonly string[] {
  if (carriedOut.length > 0) return carriedOut
  return [state === 'shadow' ? 'nothing: shadow mode' : 'nowhere: no actuator is configured']
}

function endOf(until: string, nowMs: number): string {
  if (isEndless(until)) return 'when the entry is removed from the blocklist'
  return `${utcTime(until)} (${endTime(until, nowMs)})`
}

function offenceText(offence: number): string {
  return offence === 0 ? 'first time' : `decided against ${offence} times before`
}

function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}

function renderEarlier(over: readonly Explained[], frame: Frame): string {
  if (over.length === 0) return ''
  const paragraphs = over.map(({ decision }) => {
    const ended = relativeTime(decision.lifted_at ?? decision.until, frame.nowMs)
    const how = howItEnded(decision, ended)
    const why = decision.reasons.map((reason) => `${reason.text} (rule ${reason.rule})`).join('; ')
    return paragraph(
      `${utcTime(decision.created_at)}  ${decision.type} for ${decision.category}`,
      [why, how],
      frame
    )
  })
  return `earlier decisions\n${paragraphs.join('')}`
}

function howItEnded(
  decision: Pick<Explained['decision'], 'lifted_at' | 'lifted_by' | 'lift_reason'>,
  ended: string
): string {
  const reason = decision.lift_reason ? `: ${decision.lift_reason}` : ''
  if (decision.lifted_at === null) return `expired ${ended}`
  // The node made way for a stronger decision of its own: nobody took it back.
  if (decision.lifted_by === 'detection') return `ended ${ended}${reason}`
  return `lifted ${ended} by ${decision.lifted_by ?? 'somebody'}${reason}`
}

function paragraph(title: string, texts: readonly string[], { width }: Frame): string {
  const lines = texts
    .filter((text) => text !== '')
    .map((text) => `    ${wrap(plain(text), width - 4, '    ')}\n`)
  return `  ${plain(title)}\n${lines.join('')}`
}

const SUPPRESSIONS_SHOWN = 10

function renderSuppressions({ suppressions }: Explanation, frame: Frame): string {
  if (suppressions.length === 0) return ''
  const paragraphs = suppressions
    .slice(0, SUPPRESSIONS_SHOWN)
    .map((row) =>
      paragraph(
        `${utcTime(row.at)}  ${row.wanted} for ${row.category}`,
        [`held back by ${row.protected_by} (${row.detail})`],
        frame
      )
    )
  const more = suppressions.length - SUPPRESSIONS_SHOWN
  return `held back\n${paragraphs.join('')}${more > 0 ? `  and ${more} more; --output json shows all\n` : ''}`
}

function sessionText(value: string): string {
  return /^\d{4}-\d\d-\d\dT/.test(value) ? utcTime(value) : value
}

/** Counters in as many columns as fit. */
function renderSession({ session }: Explanation, width: number): string {
  const pairs = Object.entries(session).map(
    ([name, value]) =>
      [words(name), typeof value === 'number' ? numberText(value) : sessionText(value)] as const
  )
  if (pairs.length === 0) return ''
  const nameWidth = Math.max(...pairs.map(([name]) => name.length))
  const cells = pairs.map(([name, value]) => `${name.padEnd(nameWidth)}  ${plain(String(value))}`)
  const cellWidth = Math.max(...cells.map((cell) => cell.length))
  const across = Math.max(1, Math.floor((width - 2 + 3) / (cellWidth + 3)))
  const lines: string[] = []
  for (let at = 0; at < cells.length; at += across) {
    const row = cells.slice(at, at + across).map((cell) => cell.padEnd(cellWidth))
    lines.push(`  ${row.join('   ').trimEnd()}\n`)
  }
  return `counters of its traffic\n${lines.join('')}`
}
