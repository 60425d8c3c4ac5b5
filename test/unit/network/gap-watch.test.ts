import { equal, is } from 'uvu/assert'
import { type Gap, GapWatch } from '../../../src/network/gap-watch.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: gap watch')
const NONE: Gap = { lacking: [], unheard: [] }
const lacking = (...ids: string[]): Gap => ({ lacking: ids, unheard: [] })
const unheard = (...ids: string[]): Gap => ({ lacking: [], unheard: ids })

test('asks everybody after three comparisons in a row that left a gap, and again after three more', () => {
  const watch = new GapWatch()
  const noted = [lacking('a'), unheard('b'), NONE, lacking('a'), lacking('a'), unheard('c')]
  equal(
    noted.map((gap) => watch.note(gap)),
    [false, false, false, false, false, true]
  )
  equal(
    [lacking('a'), lacking('a'), lacking('a')].map((gap) => watch.note(gap)),
    [false, false, true]
  )
})

interface Case {
  readonly name: string
  readonly checks: readonly (readonly Gap[])[]
  readonly expected: boolean
}

const CASES: readonly Case[] = [
  { name: 'nobody was asked', checks: [[]], expected: false },
  { name: 'nothing is missing', checks: [[NONE], [NONE]], expected: false },
  { name: 'a gap is new', checks: [[lacking('a'), lacking('a')]], expected: false },
  {
    name: 'two lack the same as before',
    checks: [
      [unheard('a'), unheard('a', 'b'), NONE],
      [unheard('b'), unheard('c', 'a'), NONE]
    ],
    expected: true
  },
  {
    name: 'one of two is odd',
    checks: [
      [lacking('a'), NONE],
      [lacking('a'), NONE]
    ],
    expected: false
  },
  { name: 'the only peer is odd', checks: [[lacking('a')], [lacking('a')]], expected: true },
  {
    name: 'there are always other gaps',
    checks: [
      [lacking('a'), lacking('b')],
      [lacking('c'), lacking('d')]
    ],
    expected: false
  },
  {
    name: 'what was lacking is now what the others lack',
    checks: [
      [lacking('a'), lacking('a')],
      [unheard('a'), unheard('a')]
    ],
    expected: false
  },
  {
    name: 'it is over',
    checks: [[lacking('a')], [lacking('a')], [NONE]],
    expected: false
  },
  {
    name: 'nobody is left to ask while it lasts',
    checks: [[lacking('a')], [lacking('a')], []],
    expected: true
  }
]

for (const { name, checks, expected } of CASES) {
  test(`${expected ? 'suspects' : 'does not suspect'} an eclipse when ${name}`, () => {
    const watch = new GapWatch()
    for (const gaps of checks) watch.check(gaps)
    is(watch.isEclipseSuspected, expected)
  })
}
