import { equal, is } from 'uvu/assert'
import { Envelope } from '../../../src/keyserver/sources/envelope.ts'
import { front } from '../../support/log-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('wrappers of log lines')
const line = front()
const ipv6 = front({ client: 'fe80::1' })
const hockeypuck = 'time="2026-11-23T03:16:36Z" level=info msg=upsert'
const docker = (text: string) =>
  JSON.stringify({ log: text, stream: 'stdout', time: '2026-11-23T03:16:36.1Z' })

const wrapped = [
  { name: 'none', input: line, expected: line },
  { name: 'none, IPv6', input: ipv6, expected: ipv6 },
  { name: 'none, Hockeypuck', input: hockeypuck, expected: hockeypuck },
  { name: 'docker', input: docker(`${line}\n`), expected: line },
  { name: 'docker with carriage return', input: docker(`${line}\r\n`), expected: line },
  { name: 'RFC 3164', input: `<134>Nov 23 03:16:35 host haproxy[123]: ${line}`, expected: line },
  {
    name: 'RFC 3164 without host',
    input: `<134>Nov  3 03:16:35 haproxy[123]: ${line}`,
    expected: line
  },
  {
    name: 'RFC 3164 in a file',
    input: `Nov 23 03:16:35 host haproxy[123]: ${line}`,
    expected: line
  },
  {
    name: 'rsyslog file',
    input: `2026-11-23T03:16:35.027123+00:00 host haproxy[1]: ${line}`,
    expected: line
  },
  {
    name: 'RFC 5424',
    input: `<134>1 2026-11-23T03:16:35Z host haproxy 123 - - ${line}`,
    expected: line
  },
  {
    name: 'RFC 5424 with data and BOM',
    input: `<134>1 2026-11-23T03:16:35Z host haproxy 123 ID [a@1 k="v\\"]"][b x="y"] \ufeff${line}`,
    expected: line
  },
  { name: 'only a priority', input: `<134>${line}`, expected: line },
  { name: 'docker compose', input: `haproxy-1  | ${line}`, expected: line },
  {
    name: 'docker compose, Hockeypuck',
    input: `hockeypuck-1 | ${hockeypuck}`,
    expected: hockeypuck
  }
]
for (const { name, input, expected } of wrapped) {
  test(`takes off: ${name}`, () => equal(new Envelope(1_000).open(input), { line: expected }))
}

test('joins the parts of a line that Docker split', () => {
  const envelope = new Envelope(1_000)
  is(envelope.open(docker('abc')), undefined)
  is(envelope.open(docker('def')), undefined)
  equal(envelope.open(docker('g\n')), { line: 'abcdefg' })
  equal(envelope.pendingRecords(), [])
})

test('keeps the parts of stdout and stderr apart', () => {
  const envelope = new Envelope(1_000)
  const error = (log: string) => JSON.stringify({ log, stream: 'stderr' })
  is(envelope.open(docker('abc')), undefined)
  equal(envelope.open(error('warning\n')), { line: 'warning' })
  is(envelope.open(error('ala')), undefined)
  equal(envelope.open(docker('def\n')), { line: 'abcdef' })
  equal(envelope.open(error('rm\n')), { line: 'alarm' })
})

for (const maxLength of [1_000, 4]) {
  test(`a split line goes on after a restart, with ${maxLength} characters allowed`, () => {
    const before = new Envelope(maxLength)
    for (const part of ['abc', 'def']) before.open(docker(part))
    const after = new Envelope(maxLength)
    for (const record of before.pendingRecords()) is(after.open(record), undefined)
    equal(after.open(docker('g\n')), maxLength < 7 ? { cause: 'too-long' } : { line: 'abcdefg' })
  })
}

test('a line that stays open for ever takes no memory and is counted once', () => {
  const envelope = new Envelope(10)
  for (let part = 0; part < 100; part++) is(envelope.open(docker('abcdefgh')), undefined)
  equal(envelope.open(docker('x\n')), { cause: 'too-long' })
  equal(envelope.open(docker('next\n')), { line: 'next' })
})

test('counts a broken record', () => {
  const envelope = new Envelope(100)
  equal(envelope.open('{"log":"abc'), { cause: 'truncated' })
  equal(envelope.open('{"log":"abc" x}'), { cause: 'bad-wrapper' })
  equal(envelope.open('{"log":"a\\n","log":7}'), { cause: 'bad-wrapper' })
})
