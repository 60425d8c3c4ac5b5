import { match, not, ok } from 'uvu/assert'
import { modeText } from '../../../src/cli/commands/mode-text.ts'
import { replayText } from '../../../src/cli/commands/replay-figures.ts'
import { renderShadowReport } from '../../../src/cli/commands/shadow-report-text.ts'
import { suite } from '../../support/suite.ts'

const test = suite('shadow report as text')
type Report = Parameters<typeof renderShadowReport>[0]
type Decision = Report['examples'][number]
const NOW_MS = Date.UTC(2026, 10, 25, 3)

function decided(value: string, category: Decision['category']): Decision {
  return {
    id: '0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d',
    client_ip: value,
    scope: 'address',
    value,
    prefixes: [`${value}/32`],
    type: 'ban',
    category,
    severity: 'high',
    origin: 'detection',
    mode: 'shadow',
    state: 'shadow',
    confidence: 0.9,
    reasons: [{ rule: 'r', text: `a reason about ${value}`, counters: {} }],
    line_hashes: [],
    model: null,
    offence: 0,
    created_at: '2026-11-25T02:00:00.000Z',
    until: '2026-11-25T04:00:00.000Z',
    lifted_at: null,
    lifted_by: null,
    lift_reason: null
  }
}

function report(fields: Partial<Report> = {}): Report {
  return {
    from: '2026-11-24T03:00:00.000Z',
    to: '2026-11-25T03:00:00.000Z',
    would_ban: 2,
    would_throttle: 1,
    by_category: { scanner: 2, harvesting: 1 },
    doubtful: [{ decision: decided('198.51.100.2', 'harvesting'), sign: 'a gateway, perhaps' }],
    examples: [decided('198.51.100.1', 'scanner'), decided('198.51.100.2', 'harvesting')],
    ...fields
  }
}

const render = (fields: Partial<Report> = {}, category?: Decision['category']) =>
  renderShadowReport(report(fields), { category, columns: 80, nowMs: NOW_MS })

test('says how much, what kind, what to look at first, and the newest', () => {
  const text = render()
  match(
    text,
    /^Shadow report, from 2026-11-24 03:00:00 UTC to 2026-11-25 03:00:00 UTC:\n2 bans and 1 throttle would/
  )
  match(text, /^scanner +2$/m)
  match(text, /^1 decision should be looked at first/m)
  match(text, /^198\.51\.100\.2 +ban +harvesting +a gateway, perhaps$/m)
  match(text, /^198\.51\.100\.1 +ban +scanner +1h ago +a reason about 198\.51\.100\.1$/m)
})

test('of one category it says nothing about others', () => {
  const text = render({}, 'scanner')
  match(text, /\n2 decisions for scanner would have been applied\.\n/)
  match(text, /^None of them shows a sign of being harmless\.$/m)
  not.ok(text.includes('harvesting'))
})

test('an empty report says so, and nothing about what is not there', () => {
  const text = render({
    would_ban: 0,
    would_throttle: 0,
    by_category: {},
    doubtful: [],
    examples: []
  })
  match(text, /\n0 bans and 0 throttles would have been applied\.\n/)
  not.ok(/CATEGORY|None of them/.test(text))
})

test('many doubtful ones are counted, and the rest is named', () => {
  const one = { decision: decided('198.51.100.2', 'scanner'), sign: 's' }
  match(render({ doubtful: Array.from({ length: 23 }, () => one) }), /^and 3 more; --output json/m)
})

test('replay figures are sentences within the terminal', () => {
  const figures = {
    from: '2026-11-24T03:00:00.000Z',
    to: '2026-11-25T03:00:00.000Z',
    sources: 1_200,
    requests: 4_000,
    banned: 3,
    throttled: 1,
    prevented_requests: 1_000
  }
  const text = replayText(figures, 80)
  ok(text.split('\n').every((line) => line.length <= 80))
  match(
    text.replaceAll('\n', ' '),
    /of 1,200 addresses 3 would have been banned and 1 throttled; 1,000 of 4,000 requests \(25 %\)/
  )
  match(replayText({ ...figures, sources: 0 }, 80), /hold no request to replay\.\n$/)
  match(
    replayText('Nothing was replayed: no log.', undefined),
    /^Nothing was replayed: no log\.\n$/
  )
})

test('a mode says what it means, and its exceptions', () => {
  match(
    modeText({ overall: 'shadow', by_category: {} }),
    /^shadow \(only your own blocklist is applied\)$/
  )
  match(
    modeText({ overall: 'enforce', by_category: { scanner: 'shadow', harvesting: 'enforce' } }),
    /^enforce \(decisions are applied\); shadow for scanner$/
  )
})
