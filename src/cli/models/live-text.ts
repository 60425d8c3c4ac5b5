/** What came of a model on live traffic, in lines of a title and a text. Pure. */
import type { OperationResponse } from '../../api/index.ts'
import { plural } from '../output.ts'

export type LivePerformance = OperationResponse<'showPerformance'>['items'][number]['live']
type Comparison = NonNullable<NonNullable<LivePerformance>['comparison']>

const SOURCES_SHOWN = 3
const PLURALS = { ban: 'bans', throttle: 'throttles', watch: 'watches' } as const

/** Nothing for a model that was never asked. */
export function liveLines(live: LivePerformance): readonly (readonly [string, string])[] {
  if (live === null) return []
  const { judgements, failures, latency_us: latency, decisions, comparison } = live
  const failed = failures === 0 ? '' : `, failed ${plural(failures, 'time')}`
  const took =
    latency === null ? '' : `, ${latency.p50.toFixed(0)} µs each (p99 ${latency.p99.toFixed(0)} µs)`
  const made = (['ban', 'throttle', 'watch'] as const).filter((type) => decisions[type] > 0)
  const kinds = made.map((type) => plural(decisions[type], type, PLURALS[type]))
  const madeText =
    kinds.length === 0 ? 'none' : `${kinds.join(', ')}; taken back ${decisions.lifted}`
  return [
    ['Live', `asked ${plural(judgements, 'time')}${failed}${took}`],
    ['Decisions', madeText],
    ...(comparison === null ? [] : comparisonLines(comparison))
  ]
}

function comparisonLines(comparison: Comparison): readonly (readonly [string, string])[] {
  const { judgements, agreements, pairs, alone, spared } = comparison
  const share = judgements === 0 ? 0 : (agreements / judgements) * 100
  const others = pairs
    .filter(({ judge, shadow }) => judge !== shadow)
    .map(({ judge, shadow, count }) => `${judge} → ${shadow} ${count}`)
  const differing = others.length === 0 ? '' : `; otherwise ${others.join(', ')}`
  return [
    [
      'In shadow',
      `agreed on ${agreements} of ${judgements} (${share.toFixed(1)} %) with who judged${differing}`
    ],
    ['It alone', `would slow down ${sourcesText(alone)}`],
    ['It would', `spare ${sourcesText(spared)}`]
  ]
}

function sourcesText({ sources, newest }: Comparison['alone']): string {
  const names = newest.slice(0, SOURCES_SHOWN).map(({ client_ip: ip }) => ip)
  const more = sources > names.length ? ', …' : ''
  const shown = names.length === 0 ? '' : ` (${names.join(', ')}${more})`
  return `${plural(sources, 'address', 'addresses')}${shown}`
}
