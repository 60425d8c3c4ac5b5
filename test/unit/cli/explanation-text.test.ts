import { is, match, not, ok } from 'uvu/assert'
import { type Explanation, renderExplanation } from '../../../src/cli/commands/explanation-text.ts'
import { suite } from '../../support/suite.ts'

const test = suite('explanation as text')
const AT = '2026-11-25T03:00:00.000Z'
type Decision = Explanation['decisions'][number]['decision']

function decided(
  fields: Partial<Decision> = {},
  carriedOut: readonly string[] = ['haproxy: closed']
): Explanation['decisions'][number] {
  return {
    decision: {
      id: '0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d',
      client_ip: '198.51.100.7',
      scope: 'address',
      value: '198.51.100.7',
      prefixes: ['198.51.100.7/32'],
      type: 'ban',
      category: 'upload-flood',
      severity: 'high',
      origin: 'detection',
      mode: 'enforce',
      state: 'in-force',
      confidence: 0.9,
      reasons: [
        {
          rule: 'upload-rate',
          text: 'uploaded 12 times',
          counters: { uploads: 12, sizeShare: 0.421 }
        }
      ],
      line_hashes: ['00112233445566aa', '00112233445566bb'],
      model: null,
      offence: 0,
      created_at: '2026-11-25T02:59:00.000Z',
      until: '2026-11-25T03:30:00.000Z',
      lifted_at: null,
      lifted_by: null,
      lift_reason: null,
      ...fields
    },
    carried_out: [...carriedOut],
    is_in_effect: carriedOut.length > 0,
    evidence: null,
    undo: 'netminder decisions lift 0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d'
  }
}

function render(fields: Partial<Explanation>, columns?: number): string {
  return renderExplanation(
    {
      client_ip: '198.51.100.7',
      at: AT,
      protected_by: null,
      decisions: [],
      suppressions: [],
      session: {},
      ...fields
    },
    columns
  )
}

for (const { name, fields, expected } of [
  {
    name: 'a ban',
    fields: { decisions: [decided()] },
    expected: /^198\.51\.100\.7 is banned until 2026-11-25 03:30:00 UTC \(in 30m\)\.$/m
  },
  {
    name: 'a throttle',
    fields: { decisions: [decided({ type: 'throttle' })] },
    expected: /^198\.51\.100\.7 is throttled until/
  },
  {
    name: 'a ban before a watch',
    fields: { decisions: [decided({ type: 'watch' }), decided()] },
    expected: /^198\.51\.100\.7 is banned until/
  },
  {
    name: 'shadow mode',
    fields: { decisions: [decided({ state: 'shadow', mode: 'shadow' })] },
    expected:
      /^198\.51\.100\.7 is not blocked: shadow mode\. Enforced, it\s+would\s+be\s+banned\s+until\s/
  },
  {
    name: 'a ban that nobody carries out',
    fields: { decisions: [decided({}, [])] },
    expected: /^198\.51\.100\.7 should be banned until .*, but nobody/
  },
  {
    name: 'a watch',
    fields: { decisions: [decided({ type: 'watch' })] },
    expected: /^198\.51\.100\.7 is watched; nothing is applied\./
  },
  {
    name: 'an end',
    fields: { decisions: [decided({ state: 'expired' })] },
    expected: /^Nothing stands against 198\.51\.100\.7 now\./
  },
  {
    name: 'traffic alone',
    fields: { session: { requests_total: 3 } },
    expected: /^Nothing was ever decided about 198\.51\.100\.7\./
  },
  { name: 'nothing', fields: {}, expected: /^Nothing is known about 198\.51\.100\.7:/ },
  {
    name: 'protection',
    fields: { protected_by: { kind: 'allowlist', detail: 'ours' }, decisions: [decided()] },
    expected: /^198\.51\.100\.7 is never acted on: allowlist \(ours\)\./
  },
  {
    name: 'no end',
    fields: { decisions: [decided({ origin: 'operator', until: '9999-01-01T00:00:00.000Z' })] },
    expected: /^198\.51\.100\.7 is banned until the entry is removed\./
  }
] satisfies readonly { name: string; fields: Partial<Explanation>; expected: RegExp }[]) {
  test(`begins with ${name}`, () => match(render(fields), expected))
}

test('says rule, counters, lines, what was done, when it ends and how to undo it', () => {
  const text = render({ decisions: [decided()] })
  for (const line of [
    '  because   uploaded 12 times (rule upload-rate)',
    '  counted   uploads 12, size share 0.42',
    '  log lines 00112233445566aa 00112233445566bb',
    '  done      haproxy: closed',
    '  ends      2026-11-25 03:30:00 UTC (in 30m)',
    '  undo      netminder decisions lift 0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d'
  ]) {
    ok(text.includes(`${line}\n`), line)
  }
})

test('says that nothing was done where there is no actuator, and why', () => {
  match(render({ decisions: [decided({}, [])] }), /^ {2}done +nowhere: no actuator is configured$/m)
  match(
    render({ decisions: [decided({ state: 'shadow' }, [])] }),
    /^ {2}done +nothing: shadow mode$/m
  )
})

test('a swarm says how many it is', () => {
  const swarm = decided({ scope: 'swarm', value: 'swarm:harvesting:1', prefixes: ['a', 'b'] })
  match(
    render({ decisions: [swarm] }),
    /^ {2}about +swarm:harvesting:1: 2 addresses that act as one$/m
  )
})

test('earlier decisions say how they ended', () => {
  const text = render({
    decisions: [
      decided({ state: 'lifted', lifted_at: AT, lifted_by: 'token:admin', lift_reason: 'ours' }),
      decided({ state: 'expired', until: '2026-11-25T02:59:30.000Z' })
    ]
  })
  match(text, /^ {4}lifted now by token:admin: ours$/m)
  match(text, /^ {4}expired 30s ago$/m)
  const superseded = { lifted_by: 'detection', lift_reason: 'superseded by a stronger decision' }
  match(
    render({ decisions: [decided({ state: 'lifted', lifted_at: AT, ...superseded })] }),
    /^ {4}ended now: superseded by a stronger decision$/m
  )
})

test('what was held back is named, ten of it', () => {
  const one = {
    at: AT,
    value: '198.51.100.7',
    wanted: 'ban' as const,
    category: 'scanner' as const,
    protected_by: 'recon-partner',
    detail: 'peer.example'
  }
  const text = render({ suppressions: Array.from({ length: 12 }, () => one) })
  is(text.match(/held back by recon-partner \(peer\.example\)/g)?.length, 10)
  match(text, /^ {2}and 2 more; --output json shows all$/m)
})

test('fits into 80 columns, and text of others cannot move the cursor', () => {
  const reason = { rule: 'x', text: `${'word '.repeat(60)}\u001b[2J`, counters: {} }
  const text = render(
    {
      decisions: [decided({ reasons: [reason, reason] }), decided({ state: 'expired' })],
      session: Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`counter_${n}`, n * 1_000]))
    },
    80
  )
  ok(text.split('\n').every((line) => line.length <= 80))
  not.ok(text.includes('\u001b'))
  match(text, /^ {2}and {7}word/m)
})
