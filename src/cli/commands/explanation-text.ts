/** The explanation of an address, to be understood by a volunteer at three in the morning: first what is, then why, then how to undo it. */
import type { OperationResponse } from '../../api/index.ts'
import { endTime, plain, relativeTime, renderTable, utcTime, wrap } from '../output.ts'

export type Explanation = OperationResponse<'explainAddress'>
type Explained = Explanation['decisions'][number]

const WIDTH_MAX = 100
const LABEL_WIDTH = 10
/** Times beyond this mean "until removed". */
const NO_END_YEAR = '9999'

export function renderExplanation(explanation: Explanation, columns: number | undefined): string {
  const width = Math.min(columns ?? WIDTH_MAX, WIDTH_MAX)
  const nowMs = Date.parse(explanation.at)
  const standing = explanation.decisions.filter(isStanding)
  const over = explanation.decisions.filter((explained) => !isStanding(explained))
  return [
    `${wrap(headline(explanation), width, '  ')}\n`,
    ...standing.map((explained) => renderDecision(explained, { nowMs, width })),
    renderEarlier(over, { nowMs, width }),
    renderSuppressions(explanation, width),
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
  if (acting !== undefined) {
    return `${ip} is ${DONE_TO[acting.decision.type]} ${endText(acting, explanation)}.`
  }
  const shadow = decisions.find(
    ({ decision }) => decision.state === 'shadow' && decision.type !== 'watch'
  )
  if (shadow !== undefined) {
    return `${ip} would be ${DONE_TO[shadow.decision.type]} ${endText(shadow, explanation)}, but nothing is applied: shadow mode.`
  }
  if (decisions.some(isStanding)) return `${ip} is watched; nothing is applied.`
  if (decisions.length > 0) return `Nothing stands against ${ip} now.`
  const isKnown = Object.keys(explanation.session).length > 0
  return isKnown
    ? `Nothing was ever decided about ${ip}.`
    : `Nothing is known about ${ip}: no decision, and no traffic that is remembered.`
}

function endText({ decision }: Explained, { at }: Explanation): string {
  if (decision.until.startsWith(NO_END_YEAR)) return 'until the entry is removed'
  return `until ${utcTime(decision.until)} (${endTime(decision.until, Date.parse(at))})`
}

interface Frame {
  readonly nowMs: number
  readonly width: number
}

function renderDecision({ decision, carried_out, undo }: Explained, frame: Frame): string {
  const field = (label: string, text: string) =>
    `  ${label.padEnd(LABEL_WIDTH)}${wrap(
      plain(text),
      frame.width - LABEL_WIDTH - 2,
      ' '.repeat(LABEL_WIDTH + 2)
    ).replaceAll(/^ {12} +/gm, ' '.repeat(LABEL_WIDTH + 2))}\n`
  const many =
    decision.scope === 'swarm'
      ? `${decision.value}, ${decision.prefixes.length} addresses that act as one`
      : `${decision.value} (${decision.scope})`
  const origin = { detection: 'the node', operator: 'an operator', network: 'the network' }
  return [
    `${decision.type} for ${decision.category}, ${decision.state}\n`,
    field('about', many),
    field(
      'decided',
      `${utcTime(decision.created_at)} (${relativeTime(decision.created_at, frame.nowMs)}) by ${origin[decision.origin]}`
    ),
    field(
      'weight',
      `${decision.severity}, score ${decision.confidence.toFixed(2)}, ${offenceText(decision.offence)}`
    ),
    ...decision.reasons.flatMap((reason, index) => [
      field(index === 0 ? 'because' : 'and', `${reason.text} (rule ${reason.rule})`),
      ...(Object.keys(reason.counters).length === 0
        ? []
        : [field('', `counted: ${countersText(reason.counters)}`)])
    ]),
    ...(decision.model === null ? [] : [field('model', decision.model)]),
    ...(decision.line_hashes.length === 0
      ? []
      : [
          field(
            'lines',
            `${decision.line_hashes.join(' ')} (SHA-256 of the log lines, newest last)`
          )
        ]),
    ...carried_out.map((text, index) => field(index === 0 ? 'done' : '', text)),
    field('undo', undo)
  ].join('')
}

function offenceText(offence: number): string {
  return offence === 0 ? 'first time' : `decided against ${offence} times before`
}

function countersText(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${numberText(value)}`)
    .join(', ')
}

function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}

function renderEarlier(over: readonly Explained[], frame: Frame): string {
  if (over.length === 0) return ''
  const table = renderTable(
    over.map(({ decision }) => decision),
    [
      { title: '  DECIDED', value: (row) => `  ${utcTime(row.created_at)}` },
      { title: 'TYPE', value: (row) => row.type },
      { title: 'CATEGORY', value: (row) => row.category },
      { title: 'ENDED', value: (row) => relativeTime(row.lifted_at ?? row.until, frame.nowMs) },
      {
        title: 'HOW',
        value: (row) =>
          row.lifted_at === null
            ? 'expired'
            : `lifted by ${row.lifted_by ?? '?'}${row.lift_reason ? `: ${row.lift_reason}` : ''}`,
        isFlexible: true
      }
    ],
    frame.width
  )
  return `earlier decisions\n${table}`
}

const SUPPRESSIONS_SHOWN = 10

function renderSuppressions({ suppressions }: Explanation, width: number): string {
  if (suppressions.length === 0) return ''
  const table = renderTable(
    suppressions.slice(0, SUPPRESSIONS_SHOWN),
    [
      { title: '  TIME', value: (row) => `  ${utcTime(row.at)}` },
      { title: 'WANTED', value: (row) => `${row.wanted} (${row.category})` },
      {
        title: 'HELD BACK BY',
        value: (row) => `${row.protected_by} (${row.detail})`,
        isFlexible: true
      }
    ],
    width
  )
  const more = suppressions.length - SUPPRESSIONS_SHOWN
  return `held back\n${table}${more > 0 ? `  and ${more} more; --output json shows all\n` : ''}`
}

/** Counters in as many columns as fit. */
function renderSession({ session }: Explanation, width: number): string {
  const pairs = Object.entries(session).map(
    ([name, value]) =>
      [name.replaceAll('_', ' '), typeof value === 'number' ? numberText(value) : value] as const
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
