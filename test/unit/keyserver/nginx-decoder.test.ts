import { equal, is } from 'uvu/assert'
import { NginxDecoder, type RequestEvent } from '../../../src/keyserver/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('nginx log')

function decode(line: string): { cause: string | undefined; event: RequestEvent | undefined } {
  let event: RequestEvent | undefined
  const cause = new NginxDecoder().decode(line, (found) => {
    event = found as RequestEvent
  })
  return { cause, event }
}

const AT = '[23/Nov/2026:04:16:35 +0100]'
const lines: { name: string; line: string; expected: Partial<RequestEvent> }[] = [
  {
    name: 'a lookup',
    line: `203.0.113.7 - - ${AT} "GET /pks/lookup?op=get&search=0xAB HTTP/1.1" 200 1597 "-" "curl/8.5.0"`,
    expected: {
      source: '203.0.113.7',
      atMs: Date.UTC(2026, 10, 23, 3, 16, 35),
      method: 'GET',
      target: '/pks/lookup?op=get&search=0xAB',
      status: 200,
      bytesIn: -1,
      bytesOut: 1597,
      referer: '',
      userAgent: 'curl/8.5.0',
      outcome: 'served',
      isComplete: true
    }
  },
  {
    name: 'a TLS greeting on the plain port',
    line: `203.0.113.7 - - ${AT} "\\x16\\x03\\x01\\x02\\x00" 400 150 "-" "-"`,
    expected: { method: '', target: '', status: 400, outcome: 'malformed', userAgent: '' }
  },
  {
    name: 'an empty request',
    line: `2001:DB8::7 - - ${AT} "-" 400 0 "-" "-"`,
    expected: { source: '2001:db8::7', outcome: 'malformed' }
  },
  {
    name: 'a request that timed out',
    line: `203.0.113.7 - - ${AT} "" 408 0 "-" "-"`,
    expected: { outcome: 'timed-out' }
  },
  {
    name: 'a client that left',
    line: `203.0.113.7 - - ${AT} "GET / HTTP/2.0" 499 0 "-" "x"`,
    expected: { outcome: 'aborted', httpVersion: '2.0' }
  },
  {
    name: 'a limit',
    line: `203.0.113.7 - - ${AT} "GET / HTTP/1.1" 429 0 "-" "x"`,
    expected: { outcome: 'denied' }
  },
  {
    name: 'no upstream',
    line: `203.0.113.7 - - ${AT} "GET / HTTP/1.1" 502 157 "-" "x"`,
    expected: { outcome: 'unavailable' }
  },
  {
    name: 'a user name that looks like a time, escapes, and further fields',
    line: `203.0.113.7 - a [01/Jan/2020:00:00:00 +0000] ${AT} "GET /\\x22x HTTP/1.1" 404 0 "http://r/" "a\\"b \\xC3\\xBC" "198.51.100.1" rt=1`,
    expected: {
      atMs: Date.UTC(2026, 10, 23, 3, 16, 35),
      target: '/"x',
      userAgent: 'a"b ü',
      referer: 'http://r/',
      source: '203.0.113.7'
    }
  },
  {
    name: 'the common format without agent',
    line: `203.0.113.7 - - ${AT} "GET / HTTP/1.1" 200 -`,
    expected: { userAgent: '', bytesOut: 0 }
  }
]
for (const { name, line, expected } of lines) {
  test(`reads ${name}`, () => {
    const { cause, event } = decode(line)
    is(cause, undefined)
    for (const [key, value] of Object.entries(expected)) {
      equal(event?.[key as keyof RequestEvent], value, key)
    }
  })
}

const unreadable = [
  { line: '', expected: 'empty' },
  { line: 'no log', expected: 'unknown-format' },
  { line: `client.example - - ${AT} "GET / HTTP/1.1" 200 1`, expected: 'bad-address' },
  { line: '203.0.113.7 - - [23/Nov/2026:04:16:35] "GET / HTTP/1.1" 200 1', expected: 'bad-time' },
  { line: `203.0.113.7 - - ${AT} "GET / HT`, expected: 'truncated' },
  { line: `203.0.113.7 - - ${AT}`, expected: 'truncated' },
  { line: `203.0.113.7 - - ${AT} "GET / HTTP/1.1" abc 1 "-" "-"`, expected: 'bad-number' }
]
for (const { line, expected } of unreadable) {
  test(`counts ${expected}: ${line.slice(0, 40)}`, () => is(decode(line).cause, expected))
}
