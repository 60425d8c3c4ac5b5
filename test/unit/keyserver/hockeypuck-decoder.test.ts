import { equal, is } from 'uvu/assert'
import {
  type AccessLine,
  HockeypuckDecoder,
  type HockeypuckDecoderOptions,
  type TrafficEvent
} from '../../../src/keyserver/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Hockeypuck log')

const AT_MS = Date.UTC(2026, 10, 23, 3, 16, 36)
const FP = 'ecac774f4eeeb0620767044a58cb9a4c85a81f38'
const FP6 = `${FP}${'0'.repeat(24)}`
const log = (rest: string) => `time="2026-11-23T03:16:36Z" ${rest}`

function decode(rest: string, options: HockeypuckDecoderOptions = {}) {
  const accesses: AccessLine[] = []
  const events: TrafficEvent[] = []
  const decoder = new HockeypuckDecoder({ onAccess: (access) => accesses.push(access), ...options })
  const cause = decoder.decode(log(rest), (event) => events.push(event))
  return {
    cause,
    events,
    accesses,
    decoder,
    event: events[0] as Record<string, unknown> | undefined
  }
}

const STACK = '\\nhockeypuck/hkp.ParseLookup\\n\\t/hockeypuck/src/hockeypuck/hkp/requests.go:98'

const lines: { name: string; line: string; expected: Record<string, unknown> }[] = [
  {
    name: 'a lookup of 2.3',
    line: `level=info msg=lookup fp=${FP} length=899 op=get search="Mohammed Lee"`,
    expected: {
      kind: 'certificate-served',
      atMs: AT_MS,
      op: 'get',
      fingerprint: FP,
      lengthBytes: 899,
      search: 'Mohammed Lee'
    }
  },
  {
    name: 'a lookup before 2.3 without search',
    line: `level=info msg=lookup fp=${FP} length=899 op=vindex`,
    expected: { kind: 'certificate-served', op: 'vindex', search: undefined }
  },
  {
    name: 'an upload of 2.1.2',
    line: `level=info msg=add inserted="[rsa4096/${FP}]" updated="[]"`,
    expected: {
      kind: 'submission',
      verb: 'add',
      inserted: [FP],
      updated: [],
      ignored: [],
      source: undefined
    }
  },
  {
    name: 'an upload of 2.2.4 and 2.3.3',
    line: `level=info msg=add ignored="[]" inserted="[]" updated="[(4)eddsa_Curve25519/${FP} (4)rsa2048/${FP}]"`,
    expected: { kind: 'submission', updated: [FP, FP], inserted: [] }
  },
  {
    name: 'an upload of 2.4, whose comments count for nothing',
    line: `level=info msg=add ignored="[]" inserted="[{4 ${FP} }]" invalid="[{6 ${FP6} bad signature by ${'a'.repeat(40)}}]" updated="[]"`,
    expected: { inserted: [FP], invalid: [FP6] }
  },
  {
    name: 'a deletion by its owner in 2.1.2',
    line: `level=info msg=delete change="key 0x85a81f38 removed" deleted="[${FP}]"`,
    expected: { kind: 'submission', verb: 'delete', deleted: [FP] }
  },
  {
    name: 'a deletion of 2.3.3',
    line: 'level=info msg=delete deleted="[]" ignored="[]"',
    expected: { kind: 'submission', verb: 'delete', deleted: [], ignored: [] }
  },
  {
    name: 'an HTTP error with its stack in the value',
    line: `level=error msg="HTTP 400: invalid operation \\"x\\"${STACK}"`,
    expected: {
      kind: 'keyserver-notice',
      code: 'http-error',
      status: 400,
      level: 'error',
      text: 'HTTP 400: invalid operation "x"'
    }
  },
  {
    name: 'a bad signature in two parts',
    line: 'level=error msg="HTTP 422: EOF\\ninvalid signature\\nhockeypuck/hkp.(*Handler).checkSignature\\n\\t/x.go:1"',
    expected: { code: 'invalid-signature', status: 422, text: 'HTTP 422: EOF' }
  },
  {
    name: 'an upload that cannot be parsed',
    line: 'level=error msg="HTTP 422: openpgp: invalid data: tag byte does not have MSB set\\nhockeypuck/hkp.(*Handler).Add\\n\\t/x.go:641"',
    expected: { code: 'unparsable-upload', status: 422 }
  },
  {
    name: 'a search that PostgreSQL refuses',
    line: 'level=error msg="HTTP 500: pq: invalid byte sequence for encoding \\"UTF8\\": 0x00\\nhockeypuck/pghkp.(*storage).x\\n\\t/q.go:1"',
    expected: { code: 'invalid-search', status: 500 }
  },
  {
    name: 'too many connections',
    line: 'level=error msg="HTTP 500: pq: sorry, too many clients already\\nhockeypuck/pghkp.x\\n\\t/q.go:1"',
    expected: { code: 'overloaded', status: 500 }
  },
  {
    name: 'a storage error',
    line: 'level=error msg="HTTP 500: pq: duplicate key value\\nhockeypuck/pghkp.x\\n\\t/q.go:1"',
    expected: { code: 'storage-error', status: 500 }
  },
  {
    name: 'a certificate that is too long',
    line: `level=warning msg="dropped key, max length exceeded" fp=${FP} length=1051082 max=1048576`,
    expected: { code: 'certificate-too-long', fingerprint: FP, status: undefined }
  },
  {
    name: 'a user ID that is too long',
    line: `level=warning msg="userid packet on fp=\\"${FP}\\" exceeds limit (2907 >= 2046), ignoring: 7tu..."`,
    expected: { code: 'user-id-too-long', fingerprint: FP }
  },
  {
    name: 'an unreadable packet',
    line: `level=warning msg="unreadable user id packet in key 0x${FP}: null byte found in string"`,
    expected: { code: 'unreadable-packet', fingerprint: FP }
  },
  {
    name: 'a duplicate packet',
    line: `level=warning msg="duplicate packet found while calculating sksDigest" fp=${FP} length=70 type=2`,
    expected: { code: 'duplicate-packet', fingerprint: FP }
  },
  {
    name: 'the start',
    line: 'level=info msg="metrics: starting"',
    expected: { kind: 'keyserver-notice', code: 'started', level: 'info' }
  },
  {
    name: 'control characters in a message',
    line: 'level=warning msg="odd \\x1b[31mred\\x00\\u0085 text"',
    expected: { text: 'odd [31mred text', code: 'other' }
  },
  {
    name: 'a rejected connection to recon',
    line: 'level=warning msg="connection rejected from \\"198.18.165.131:49509\\""',
    expected: { kind: 'recon', what: 'rejected', peer: '198.18.165.131' }
  },
  {
    name: 'a partner that was let in',
    line: 'level=info msg="accepted recon from [recon=, http=, weight=0, addr=127.0.2.2, ips=[127.0.2.2]]" label="serve 0.0.0.0:11370"',
    expected: { kind: 'recon', what: 'accepted', peer: '127.0.2.2' }
  },
  {
    name: 'recon that begins here, over IPv6',
    line: 'level=info msg="initiating recon to [recon=p:11370, http=p:11371, weight=0, addr=[2001:DB8::1]:11370]" label="gossip 0.0.0.0:11370"',
    expected: { kind: 'recon', what: 'initiated', peer: '2001:db8::1' }
  },
  {
    name: 'recon that failed',
    line: 'level=error msg="recon with 127.77.2.11:29877 failed" error="read length 1195725856 exceeds maximum limit\\nx" label="serve"',
    expected: { kind: 'recon', what: 'failed', peer: '127.77.2.11' }
  },
  {
    name: 'a recovered chunk',
    line: 'level=info msg=upsert inserted=3 label="recon 0.0.0.0:11370" remoteAddr="127.0.2.2:21380" unchanged=1 updated=2',
    expected: {
      kind: 'recon',
      what: 'upserted',
      peer: '127.0.2.2',
      inserted: 3,
      updated: 2,
      unchanged: 1
    }
  },
  {
    name: 'a filter that does not fit',
    line: 'level=error msg="mismatched filters" label=serve remoteAddr="127.0.2.2:1"',
    expected: { kind: 'recon', what: 'mismatched', peer: '127.0.2.2' }
  }
]
for (const { name, line, expected } of lines) {
  test(`reads ${name}`, () => {
    const { cause, event } = decode(line)
    is(cause, undefined)
    for (const [key, value] of Object.entries(expected)) equal(event?.[key], value, key)
  })
}

for (const line of [
  'level=info msg="bulk insertion skipped (small number of keys); reverting to normal insertion"',
  'level=info msg="waiting 1m3s for next gossip attempt" label="gossip 0.0.0.0:11370"',
  'level=error error="EOF\\nhockeypuck/conflux/recon.ReadInt" label="serve 0.0.0.0:11370"'
]) {
  test(`reads and passes over: ${line.slice(0, 60)}`, () => {
    const { cause, events } = decode(line)
    is(cause, undefined)
    is(events.length, 0)
  })
}

test('an access line is no event but is told', () => {
  const { events, accesses } = decode(
    'level=info GET="/pks/lookup?op=index&search=\\"x\\"" duration="412.7µs" host="keys.example:11371" status-code=404'
  )
  is(events.length, 0)
  const access = accesses[0]
  is(access?.method, 'GET')
  is(access?.target, '/pks/lookup?op=index&search="x"')
  is(access?.status, 404)
  is(access?.durationMs, 0.4127)
})

test('a method in small letters sorts behind the other fields and is found all the same', () => {
  const { accesses } = decode('level=info duration=1m2.5s host=h status-code=405 zap=/x')
  is(accesses[0]?.method, 'zap')
  is(accesses[0]?.durationMs, 62_500)
})

const DETAILS =
  'level=info POST=/pks/add duration=88.1ms from="203.0.113.7:41712" host=keys.example status-code=200 user-agent= x-forwarded-for=198.51.100.66'

test('requests come from access lines only where no proxy logs them, with the peer as source', () => {
  is(decode(DETAILS).events.length, 0)
  const { event } = decode(DETAILS, { isRequestSource: true })
  is(event?.['source'], '203.0.113.7')
  is(event?.['peerPort'], 41_712)
  is(event?.['forwardedFor'], '198.51.100.66')
  is(event?.['atMs'], AT_MS - 88.1)
})

test('without details there is no source to name', () => {
  const { events, decoder } = decode('level=info GET=/ duration=1ms host=h status-code=200', {
    isRequestSource: true
  })
  is(events.length, 0)
  is(decoder.withoutClient, 1)
})

test('times have an offset', () => {
  const decoder = new HockeypuckDecoder()
  decoder.decode('time="2026-11-23T04:16:36+01:00" level=info msg=upsert', () => undefined)
  is(decoder.logTimeMs, AT_MS)
})

const unreadable = [
  {
    name: 'a coloured line of a terminal',
    line: 'INFO[0003] starting',
    expected: 'unknown-format'
  },
  {
    name: 'an open quote',
    line: 'time="2026-11-23T03:16:36Z" level=info msg="abc',
    expected: 'truncated'
  },
  { name: 'half a time', line: 'time="2026-11-', expected: 'truncated' },
  { name: 'a time that is none', line: 'time="yesterday" level=info msg=x', expected: 'bad-time' },
  { name: 'no level', line: 'time="2026-11-23T03:16:36Z" ', expected: 'truncated' },
  { name: 'blanks', line: '   ', expected: 'empty' }
]
for (const { name, line, expected } of unreadable) {
  test(`counts ${name}`, () =>
    is(
      new HockeypuckDecoder().decode(line, () => undefined),
      expected
    ))
}
