import { Command, InvalidArgumentError } from 'commander'
import { equal, is, throws } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  collectPrefix,
  given,
  leaf,
  parseEnd,
  parseNonEmpty,
  parsePrefixOption,
  parseSince,
  parseWholeNumber,
  placesOf
} from '../../../src/cli/command-parts.ts'
import { suite } from '../../support/suite.ts'

const test = suite('parts of commands')
const clock = new ManualClock(Date.UTC(2026, 10, 25))
const isInvalid = (error: unknown) => error instanceof InvalidArgumentError

test('an end lies ahead and a beginning back, or both are said as a time', () => {
  is(parseEnd(clock)('1h30m'), '2026-11-25T01:30:00.000Z')
  is(parseSince(clock)('1h30m'), '2026-11-24T22:30:00.000Z')
  for (const parse of [parseEnd(clock), parseSince(clock)]) {
    is(parse('2027-01-31T02:00:00+02:00'), '2027-01-31T00:00:00.000Z')
    for (const text of ['', 'soon', '5', '2027-13-01', '99999999999d', '-5m']) {
      throws(() => parse(text), isInvalid)
    }
  }
})

test('what must be said is not empty', () => {
  const parse = parseNonEmpty('a name')
  is(parse('north'), 'north')
  for (const text of ['', '  ']) throws(() => parse(text), isInvalid)
})

test('a number is whole and within its bounds', () => {
  const parse = parseWholeNumber(1, 10)
  equal(['1', '10'].map(parse), [1, 10])
  for (const text of ['0', '11', '1.5', '1e1', '', ' 1', '-1', '0x1']) {
    throws(() => parse(text), isInvalid)
  }
})

test('a prefix is spelled canonically', () => {
  equal(
    ['192.0.2.1', '192.0.2.9/24', '::ffff:192.0.2.1', '2001:DB8::1/128'].map(parsePrefixOption),
    ['192.0.2.1', '192.0.2.0/24', '192.0.2.1', '2001:db8::1']
  )
  equal(collectPrefix('::1', ['192.0.2.1']), ['192.0.2.1', '::1'])
  throws(() => parsePrefixOption('nonsense'), isInvalid)
})

test('a query names only what was given', () => {
  const options: { a?: number; b?: number; c?: number } = { a: 0, c: 2 }
  equal(given(options, ['a', 'b']), { a: 0 })
})

test('common options count wherever they stand', async () => {
  const text = { summary: 's', examples: [['do it', 'a word']] as const }
  for (const args of [
    ['--data-dir', '/d', '--output', 'json', 'do'],
    ['do', '--data-dir', '/d', '--output', 'json']
  ]) {
    const program = leaf(new Command('netminder'), text)
    let places: unknown
    leaf(program.command('do'), text).action((_options: unknown, command: Command) => {
      places = placesOf(command)
    })
    await program.parseAsync(['node', 'netminder', ...args])
    equal(places, { dataDir: '/d', configFile: undefined, tokenFile: undefined, output: 'json' })
  }
})
