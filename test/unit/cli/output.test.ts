import { equal, is } from 'uvu/assert'
import {
  type Column,
  endTime,
  plain,
  plural,
  printItems,
  relativeTime,
  renderPairs,
  renderTable,
  utcTime,
  words,
  wrap
} from '../../../src/cli/output.ts'
import { FakeIo } from '../../support/fake-cli.ts'
import { suite } from '../../support/suite.ts'

const test = suite('output')
const NOW_MS = Date.UTC(2026, 10, 25)
const at = (offsetMs: number) => new Date(NOW_MS + offsetMs).toISOString()

interface Row {
  readonly name: string
  readonly why: string
}

const TABLE: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'WHY', value: (row) => row.why, isFlexible: true }
]

async function* rowsOf(count: number): AsyncGenerator<Row> {
  for (let n = 0; n < count; n++) yield { name: n < 200 ? 'a' : 'longer', why: `${n}` }
}

test('a table is as wide as its cells need, without spaces at the end', () => {
  const rows = [
    { name: 'first', why: 'x' },
    { name: 'b', why: '' }
  ]
  is(renderTable(rows, TABLE, undefined), 'NAME   WHY\nfirst  x\nb\n')
  is(renderTable([], TABLE, 80), 'NAME  WHY\n')
})

test('what does not fit into the terminal stands below its row, in full', () => {
  const rows = [
    { name: 'a', why: 'one two three four five' },
    { name: 'b', why: '-' }
  ]
  is(renderTable(rows, TABLE, 29), 'NAME  WHY\na     one two three four five\nb     -\n')
  is(renderTable(rows, TABLE, 28), 'NAME\na\n    one two three four five\nb\n')
  is(renderTable(rows, TABLE, 14), 'NAME\na\n    one two\n    three four\n    five\nb\n')
})

test('of several columns that may stand below, the last goes first, each on a line of its own', () => {
  const rows = [
    { name: 'a', why: 'one two three' },
    { name: '-', why: 'four' }
  ]
  const table: readonly Column<Row>[] = [
    { title: 'N', value: () => '1' },
    ...TABLE.map((column) => ({ ...column, isFlexible: true }))
  ]
  const wide = 'N  NAME  WHY\n1  a     one two three\n1  -     four\n'
  const middle = 'N  NAME\n1  a\n    one two three\n1  -\n    four\n'
  const narrow = 'N\n1\n    a\n    one\n    two\n    three\n1\n    four\n'
  is(renderTable(rows, table, 22), wide)
  is(renderTable(rows, table, 21), middle)
  is(renderTable(rows, table, 6), narrow)
})

test('text of others cannot move the cursor', () => {
  is(plain('a\u001b[2Jb\nc\u007f'), 'a�[2Jb�c�')
  is(renderTable([{ name: 'a\r', why: 'b' }], TABLE, undefined), 'NAME  WHY\na�    b\n')
})

test('long lists come in parts under one head, and keep their order', async () => {
  const io = new FakeIo()
  is(await printItems(io, 'table', { items: rowsOf(401), table: TABLE, empty: '' }), 401)
  const lines = io.out.trimEnd().split('\n')
  is(lines.length, 402)
  equal([lines[0], lines[1], lines[200]], ['NAME  WHY', 'a     0', 'a     199'])
  equal([lines[201], lines[401]], ['longer  200', 'longer  400'])
})

for (const count of [0, 1, 2, 201]) {
  test(`a JSON list of ${count} is one array`, async () => {
    const io = new FakeIo()
    is(await printItems(io, 'json', { items: rowsOf(count), table: TABLE, empty: 'none' }), count)
    is((JSON.parse(io.out) as unknown[]).length, count)
    is(io.said, '')
  })
}

test('an empty table is a word to the person and nothing to a program', async () => {
  const io = new FakeIo()
  is(await printItems(io, 'table', { items: rowsOf(0), table: TABLE, empty: 'None.' }), 0)
  equal([io.out, io.said], ['', 'None.\n'])
})

test('pairs are aligned', () => {
  is(
    renderPairs([
      ['a', '1'],
      ['long name', '2']
    ]),
    'a          1\nlong name  2\n'
  )
})

for (const { text, relative, end } of [
  { text: null, relative: '-', end: 'never' },
  { text: at(0), relative: 'now', end: 'now' },
  { text: at(999), relative: 'now', end: 'now' },
  { text: at(90_000), relative: 'in 1m 30s', end: 'in 1m 30s' },
  { text: at(-7_200_000), relative: '2h ago', end: '2h ago' },
  { text: '9999-01-01T00:00:00.000Z', relative: undefined, end: 'never' }
]) {
  test(`${text} is ${end}`, () => {
    if (relative !== undefined) is(relativeTime(text, NOW_MS), relative)
    is(endTime(text, NOW_MS), end)
  })
}

test('a time is written with its zone', () => {
  is(utcTime('2026-11-25T04:05:06.789Z'), '2026-11-25 04:05:06 UTC')
})

for (const { text, width, expected } of [
  { text: 'one two', width: 7, expected: 'one two' },
  { text: 'one two', width: 6, expected: 'one\n> two' },
  { text: 'incomprehensible yes', width: 4, expected: 'incomprehensible\n> yes' },
  { text: ' a  b ', width: 9, expected: 'a b' },
  { text: '', width: 9, expected: '' }
]) {
  test(`"${text}" in ${width} columns`, () => is(wrap(text, width, '> '), expected))
}

test('counts and names are written for a person', () => {
  equal(
    [plural(0, 'ban'), plural(1, 'ban'), plural(1_200, 'ban'), plural(2, 'entry', 'entries')],
    ['0 bans', '1 ban', '1,200 bans', '2 entries']
  )
  is(words('hkpRequests_per_hour'), 'hkp requests per hour')
})
