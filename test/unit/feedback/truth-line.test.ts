/** Labels as lines of a file, and back. */
import { equal, is, match } from 'uvu/assert'
import { parseLabel } from '../../../src/datasets/labels/parse-label.ts'
import { readTruthLine, type TruthFields, truthLines } from '../../../src/feedback/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('labels as lines')

function fields(over: Partial<TruthFields> = {}): TruthFields {
  return {
    ...{ prefix: '203.0.113.66/32', label: 'abuse', class: 'A8', campaign: 'spring' },
    ...{ from: '2026-01-31T12:00:00.000Z', to: '2026-01-31T12:30:00.000Z', weight: 0.5 },
    ...{ source: 'operator', said_by: 'token:ada', note: 'walks' },
    ...over
  }
}

test('what is written is read as the same, and by who trains from files', () => {
  const [line = ''] = truthLines(fields()) ?? []
  equal(readTruthLine(line), {
    ...{ value: '203.0.113.66', label: 'abuse', class: 'A8', campaign: 'spring' },
    ...{ from: fields().from, to: fields().to, weight: 0.5, reason: 'walks' }
  })
  for (const isWhole of [true, false]) {
    equal(parseLabel(JSON.parse(line), 'labels.jsonl, line 1', isWhole), {
      ...{ source: '203.0.113.66', label: 'abuse', class: 'A8', campaign: 'spring', weight: 0.5 },
      ...{ fromMs: Date.parse(fields().from), toMs: Date.parse(fields().to) }
    })
  }
})

test('a prefix is one line for each address, and a /64 its first', () => {
  const sourcesOf = (prefix: string) =>
    truthLines(fields({ prefix, class: null }))?.map((line) => JSON.parse(line).source)
  equal(sourcesOf('203.0.113.8/30'), ['203.0.113.8', '203.0.113.9', '203.0.113.10', '203.0.113.11'])
  is(sourcesOf('203.0.113.0/24')?.at(-1), '203.0.113.255')
  equal(sourcesOf('2001:db8::/64'), ['2001:db8::'])
  is(sourcesOf('2001:db8::/48'), undefined)
})

test('a line of a recording is read; a source that many share says nothing', () => {
  const recorded = { source: '127.0.0.1', class: 'N5', label: 'benign', tool: 'gpg', requests: 22 }
  equal(readTruthLine(JSON.stringify(recorded)), {
    value: '127.0.0.1',
    label: 'benign',
    class: 'N5'
  })
  is(readTruthLine('{"source":"127.0.0.1","label":"mixed","class":"N3"}'), 'mixed')
})

test('what is none is said in one sentence', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['nonsense', /one JSON object a line, got "nonsense"/],
    ['[1]', /one JSON object/],
    ['{"source":"example.org","label":"abuse"}', /an address or a prefix as source/],
    ['{"source":"192.0.2.1","label":"bad"}', /abuse or benign as label, got "bad"/],
    ['{"source":"192.0.2.1","label":"abuse","weight":2}', /a weight above 0, up to 1, got 2/],
    ['{"source":"192.0.2.1","label":"abuse","from":"soon"}', /a time such as .* as from/],
    [`{"source":"192.0.2.1","label":"abuse","class":"${'x'.repeat(101)}"}`, /at most 100/],
    ['x'.repeat(5_000), /at most 4096 characters, got 5000/]
  ]
  for (const [line, sentence] of cases) {
    let message = ''
    try {
      readTruthLine(line)
    } catch (error) {
      message = (error as Error).message
    }
    match(message, sentence)
  }
})
