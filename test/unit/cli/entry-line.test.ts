import { equal, instance, is, match, throws } from 'uvu/assert'
import { entryLine, readEntries } from '../../../src/cli/commands/entry-line.ts'
import { CliError } from '../../../src/cli/errors.ts'
import { suite } from '../../support/suite.ts'

const test = suite('list as a file')
const END = '2027-01-31T00:00:00Z'

for (const { name, text, expected } of [
  { name: 'an address', text: '192.0.2.1', expected: ['192.0.2.1', '', null] },
  { name: 'a prefix', text: '2001:db8::/48\r', expected: ['2001:db8::/48', '', null] },
  { name: 'a note', text: '192.0.2.1  # why # so', expected: ['192.0.2.1', 'why # so', null] },
  {
    name: 'a note after a semicolon',
    text: '192.0.2.0/24 ; SBL1',
    expected: ['192.0.2.0/24', 'SBL1', null]
  },
  { name: 'an end', text: `\t192.0.2.1 ${END}`, expected: ['192.0.2.1', '', END] },
  {
    name: 'an end with an offset',
    text: '192.0.2.1 2027-01-31T02:00+02:00 #x',
    expected: ['192.0.2.1', 'x', '2027-01-31T02:00+02:00']
  },
  { name: 'a byte order mark', text: '\uFEFF192.0.2.1', expected: ['192.0.2.1', '', null] },
  {
    name: 'JSON',
    text: `[{"prefix":"192.0.2.1","note":"n","until":"${END}","added_by":"x"}]`,
    expected: ['192.0.2.1', 'n', END]
  },
  { name: 'JSON of bare addresses', text: ' ["192.0.2.1"]', expected: ['192.0.2.1', '', null] },
  {
    name: 'JSON without note and end',
    text: '[{"prefix":"192.0.2.1"}]',
    expected: ['192.0.2.1', '', null]
  }
]) {
  test(`reads ${name}`, () => {
    const { entries, faults } = readEntries(text)
    equal(faults, [])
    equal(
      entries.map(({ prefix, note, until }) => [prefix, note, until]),
      [expected]
    )
  })
}

for (const text of ['', '\n\n', '# a comment\n  ; another\n', '[]']) {
  test(`${JSON.stringify(text)} holds nothing`, () => {
    equal(readEntries(text), { entries: [], faults: [] })
  })
}

for (const { text, line, detail } of [
  { text: '\nnonsense', line: 2, detail: /^expected an address or a prefix, got "nonsense"$/ },
  { text: '10.1', line: 1, detail: /^expected an address/ },
  { text: '192.0.2.0/33', line: 1, detail: /^expected an address/ },
  { text: '192.0.2.1 soon', line: 1, detail: /^expected an end such as .*, got "soon"$/ },
  { text: '192.0.2.1 2027-13-01T00:00:00Z', line: 1, detail: /^expected an end/ },
  { text: `192.0.2.1 ${END} more`, line: 1, detail: /^expected "PREFIX \[END\] \[# NOTE\]"/ },
  { text: `192.0.2.1 # ${'x'.repeat(501)}`, line: 1, detail: /at most 500 characters/ },
  { text: '192.0.2.1 # a\u0007b', line: 1, detail: /without control characters/ },
  { text: `${'x'.repeat(100)}`, line: 1, detail: /got "x{60}…"$/ },
  {
    text: '["192.0.2.1", 5]',
    line: 2,
    detail: /^expected \{"prefix", "note", "until"\}, got "5"$/
  },
  { text: '[{"prefix":"192.0.2.1","note":5}]', line: 1, detail: /^expected \{"prefix"/ },
  { text: '[{"prefix":"nonsense"}]', line: 1, detail: /^expected an address/ },
  { text: '[null]', line: 1, detail: /^expected \{"prefix"/ }
]) {
  test(`names the fault of ${JSON.stringify(text.slice(0, 40))}`, () => {
    const { faults } = readEntries(text)
    is(faults.length, 1)
    is(faults[0]?.line, line)
    match(faults[0]?.detail ?? '', detail)
  })
}

for (const text of ['[', '{"prefix": "192.0.2.1"}', '[1,]']) {
  test(`refuses ${text} as a whole`, () => {
    throws(
      () => readEntries(text),
      (error: unknown) => {
        instance(error, CliError)
        return error instanceof CliError && error.code === 'CLI_INPUT_INVALID'
      }
    )
  })
}

test('writes what it reads', () => {
  is(entryLine({ prefix: '192.0.2.1', note: '', until: null }), '192.0.2.1')
  is(entryLine({ prefix: '192.0.2.1', note: 'n', until: END }), `192.0.2.1 ${END}  # n`)
})
