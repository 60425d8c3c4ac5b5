import { equal, is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import {
  type Policy,
  RulePolicy,
  type StandingDecisions,
  VERDICT_LEVELS,
  type Verdict,
  type VerdictLevel
} from '../../../src/detection/index.ts'
import type { RequestEvent, TrafficEvent } from '../../../src/keyserver/index.ts'
import {
  BROWSER,
  buildFarm,
  gpgRefresh,
  hexDigits,
  mailGateway,
  notice,
  person,
  recon,
  request,
  START_MS,
  series,
  submission,
  upload
} from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('rule policy')

const NOTHING_STANDS: StandingDecisions = {
  findStanding: () => undefined,
  isProtected: () => false
}

function judge(
  events: readonly TrafficEvent[],
  options: { standing?: StandingDecisions; policy?: Policy } = {}
): Verdict[] {
  const policy = options.policy ?? new RulePolicy()
  const ordered = [...events].sort((a, b) => a.loggedAtMs - b.loggedAtMs)
  return ordered.flatMap((event) => policy.observe(event, options.standing ?? NOTHING_STANDS))
}

function worst(verdicts: readonly Verdict[]): VerdictLevel {
  const ranks = verdicts.map((verdict) => VERDICT_LEVELS.indexOf(verdict.level))
  return VERDICT_LEVELS[Math.max(0, ...ranks)] ?? 'benign'
}

function rulesOf(verdicts: readonly Verdict[]): Set<string> {
  return new Set(verdicts.flatMap((verdict) => verdict.reasons.map((reason) => reason.rule)))
}

const address = (index: number) => `198.18.${index >> 8}.${index & 255}`

const random = seededRandom(3)
const harmless: { name: string; events: TrafficEvent[] }[] = [
  { name: 'a refresh of 500 certificates with GnuPG', events: gpgRefresh('203.0.113.7', 500) },
  { name: 'a build farm behind one address', events: buildFarm('203.0.113.7', 800) },
  { name: 'a mail gateway with four misses in five', events: mailGateway('203.0.113.7', 500) },
  {
    name: 'a person who looks for names and an address',
    events: person('203.0.113.7', ['Anna Berg', 'anna@berg.example', "Siobhan O'Connor", 'union'])
  },
  {
    name: 'an owner who uploads, resubmits and checks',
    events: [
      upload({ atMs: START_MS }),
      submission({ atMs: START_MS, inserted: ['a'.repeat(40)] }),
      upload({ atMs: START_MS + 20_000 }),
      submission({ atMs: START_MS + 20_000, ignored: ['a'.repeat(40)] }),
      request({ atMs: START_MS + 40_000 })
    ]
  },
  {
    name: 'a company that sends twenty new keys of one size with GnuPG',
    events: series(20, 15_000, (index, atMs) => [
      upload({ atMs, httpVersion: '1.0', userAgent: '', declaredLength: 1_060 + (index % 5) }),
      submission({ atMs, inserted: [String(index).padStart(40, 'a')] })
    ]).flat()
  },
  {
    name: 'a key-signing party behind one address',
    events: series(30, 15_000, (index, atMs) => [
      request({
        atMs,
        httpVersion: '1.0',
        target: `/pks/lookup?op=get&search=0x${hexDigits(random, 40)}`
      }),
      upload({
        atMs: atMs + 20,
        httpVersion: '1.0',
        userAgent: '',
        declaredLength: 900 + index * 173
      })
    ]).flat()
  },
  {
    name: 'a mail program that looks for each recipient, all day',
    events: series(120, 170_000, (index, atMs) =>
      request({
        atMs,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0',
        target: `/pks/lookup?op=get&options=mr&search=${hexDigits(random, 8)}%40mail${index % 31}.example`,
        status: index % 3 === 0 ? 200 : 404
      })
    )
  },
  {
    name: 'refreshes with GnuPG on a keyserver that has just begun and knows nearly nobody',
    events: Array.from({ length: 12 }, (_, index) =>
      gpgRefresh(`203.0.113.${10 + index}`, 90, index).map((event) => ({
        ...event,
        atMs: event.atMs + index * 1_000,
        loggedAtMs: event.loggedAtMs + index * 1_000,
        status: 404
      }))
    ).flat()
  },
  {
    name: 'an owner who tries again while the keyserver fails',
    events: series(12, 30_000, (_, atMs) => upload({ atMs, status: 503, userAgent: 'curl/8.5.0' }))
  },
  {
    name: 'a build farm whose certificates are large',
    events: buildFarm('203.0.113.7', 150).map((event) => ({ ...event, bytesOut: 300_000 }))
  },
  {
    name: 'a monitor that polls the statistics',
    events: series(200, 15_000, (_, atMs) =>
      request({ atMs, target: '/pks/stats', userAgent: 'Prometheus/2.53.1' })
    )
  },
  {
    name: 'an owner who fails once to delete a certificate',
    events: [request({ method: 'POST', target: '/pks/delete', status: 422 })]
  },
  {
    name: 'a link opened from elsewhere, with favicon and security.txt',
    events: [
      request({ target: '/pks/lookup?op=vindex&search=0x0123456789abcdef', userAgent: BROWSER }),
      request({ atMs: START_MS + 900, target: '/favicon.ico', userAgent: BROWSER }),
      request({
        atMs: START_MS + 2_000,
        target: '/.well-known/security.txt',
        userAgent: BROWSER,
        status: 404
      })
    ]
  },
  {
    name: 'a keyserver under load that answers 500 to everybody',
    events: gpgRefresh('203.0.113.7', 60).map((event) => ({ ...event, status: 500 }))
  },
  {
    name: 'a client that HAProxy tarpits for its rate',
    events: buildFarm('203.0.113.7', 300).map((event) => ({
      ...event,
      status: 500,
      outcome: 'tarpitted' as const
    }))
  }
]
for (const { name, events } of harmless) {
  test(`leaves alone: ${name}`, () => {
    const verdicts = judge(events)
    ok(
      ['benign', 'watch'].includes(worst(verdicts)),
      JSON.stringify(verdicts.map((verdict) => verdict.reasons))
    )
  })
}

const abusive: { name: string; events: TrafficEvent[]; level: VerdictLevel; rule: string }[] = [
  {
    name: 'uploads of one size, one after the other',
    events: series(20, 900, (_, atMs) => upload({ atMs })),
    level: 'ban',
    rule: 'upload-flood'
  },
  {
    name: 'signatures heaped on one certificate',
    events: Array.from({ length: 12 }, (_, index) => [
      upload({ atMs: START_MS + index * 120_000, declaredLength: 40_000 + index * 2_000 }),
      submission({ atMs: START_MS + index * 120_000, updated: ['b'.repeat(40)] })
    ]).flat(),
    level: 'ban',
    rule: 'same-certificate'
  },
  {
    name: 'material that the keyserver warns about',
    events: Array.from({ length: 9 }, (_, index) => [
      upload({ atMs: START_MS + index * 300_000, declaredLength: 9_000 }),
      notice({ atMs: START_MS + index * 300_000, code: 'user-id-too-long' })
    ]).flat(),
    level: 'ban',
    rule: 'poisoning-notices'
  },
  {
    name: 'whole domains, one after the other',
    events: series(12, 2_000, (index, atMs) =>
      request({
        atMs,
        target: `/pks/lookup?op=index&search=${['kiel', 'oslo', 'bonn'][index % 3]}${index}.example`,
        userAgent: 'curl/8.5.0'
      })
    ),
    level: 'ban',
    rule: 'domain-searches'
  },
  {
    name: 'a walk through the key space from a sorted list',
    events: series(40, 5_000, (index, atMs) =>
      request({
        atMs,
        userAgent: 'Go-http-client/1.1',
        target: `/pks/lookup?op=get&options=mr&search=0x${(index * 6).toString(16).padStart(2, '0')}${hexDigits(random, 38)}`
      })
    ),
    level: 'ban',
    rule: 'ordered-searches'
  },
  {
    name: 'random ids that nobody has',
    events: series(80, 400, (_, atMs) =>
      request({
        atMs,
        userAgent: 'python-requests/2.31.0',
        status: 404,
        target: `/pks/lookup?op=get&search=0x${hexDigits(random, 16)}`
      })
    ),
    level: 'ban',
    rule: 'unknown-ids'
  },
  {
    name: 'one first name at every domain, with a browser that loads no page',
    events: series(20, 3_000, (index, atMs) =>
      request({
        atMs,
        userAgent: BROWSER,
        status: 404,
        target: `/pks/lookup?op=index&search=anna.${hexDigits(random, 4)}%40${hexDigits(random, 5)}${index}.example`
      })
    ),
    level: 'ban',
    rule: 'name-walk'
  },
  {
    name: 'paths of other software',
    events: [
      request({ target: '/.env', status: 404 }),
      request({ atMs: START_MS + 100, target: '/wp-login.php', status: 404 })
    ],
    level: 'ban',
    rule: 'scanner-path'
  },
  {
    name: 'a payload in a search, by a program that says it is a scanner',
    events: [
      request({
        target: '/pks/lookup?op=index&search=bob%27%20OR%201%3D1--%20UNION%20SELECT%20NULL',
        userAgent: 'sqlmap/1.7.2#stable (https://sqlmap.org)',
        status: 404
      })
    ],
    level: 'ban',
    rule: 'injection'
  },
  {
    name: 'NUL bytes again and again',
    events: series(7, 1_000, (_, atMs) =>
      request({ atMs, target: '/pks/lookup?op=get&search=a%00b', status: 500 })
    ),
    level: 'ban',
    rule: 'crash-probe'
  },
  {
    name: 'unsigned deletions',
    events: series(8, 9_000, (_, atMs) =>
      request({ atMs, method: 'POST', target: '/pks/delete', status: 422 })
    ),
    level: 'ban',
    rule: 'refused-submissions'
  },
  {
    name: 'hash queries that draw megabytes',
    events: series(16, 5_000, (_, atMs) =>
      request({
        atMs,
        method: 'POST',
        target: '/pks/hashquery',
        userAgent: 'Hockeypuck/2.1.0',
        bytesIn: 2_142,
        bytesOut: 1_000_000
      })
    ),
    level: 'ban',
    rule: 'hashquery-amplification'
  },
  {
    name: 'requests that never end',
    events: series(45, 2_000, (_, atMs) =>
      request({ atMs, method: '', target: '', status: 408, outcome: 'timed-out' })
    ),
    level: 'ban',
    rule: 'slow-requests'
  },
  {
    name: 'knocking at the recon port',
    events: Array.from({ length: 16 }, (_, index) => recon({ atMs: START_MS + index * 10_000 })),
    level: 'ban',
    rule: 'recon-probe'
  }
]
for (const { name, events, level, rule } of abusive) {
  test(`finds: ${name}`, () => {
    const verdicts = judge(events)
    is(worst(verdicts), level)
    ok(rulesOf(verdicts).has(rule), [...rulesOf(verdicts)].join(', '))
  })
}

test('names the members of an upload swarm of which none sends more than one', () => {
  const quiet = Array.from({ length: 40 }, (_, index) =>
    upload({
      atMs: START_MS + index * 30_000,
      source: address(5_000 + index),
      declaredLength: 900 + index * 97
    })
  )
  const flood = Array.from({ length: 120 }, (_, index) =>
    upload({
      atMs: START_MS + 1_200_000 + index * 500,
      source: address(index),
      declaredLength: 1_306 + (index % 9)
    })
  )
  const verdicts = judge([...quiet, ...flood])
  const members = new Set(
    verdicts.filter((verdict) => verdict.scope === 'swarm').flatMap((verdict) => verdict.members)
  )
  ok(members.size > 90, `${members.size} members`)
  is(
    quiet.some((event) => members.has(event.source)),
    false
  )
  ok(verdicts.every((verdict) => verdict.scope !== 'swarm' || verdict.level === 'throttle'))
})

test('names the members of a shared walk, and not a build farm with the same client', () => {
  const ids = Array.from({ length: 300 }, () => hexDigits(random, 40)).sort()
  const walk = ids.map((id, index) =>
    request({
      atMs: START_MS + index * 1_000,
      source: address(index % 150),
      userAgent: 'Go-http-client/1.1',
      target: `/pks/lookup?op=get&options=mr&search=0x${id}`
    })
  )
  const farm = series(150, 2_000, (index, atMs) =>
    request({
      atMs: atMs + 300,
      source: '192.0.2.200',
      userAgent: 'Go-http-client/1.1',
      target: `/pks/lookup?op=get&options=mr&search=0x${ids[index % 2]}`
    })
  )
  const members = new Set(
    judge([...walk, ...farm])
      .filter((verdict) => verdict.scope === 'swarm')
      .flatMap((verdict) => verdict.members)
  )
  ok(members.size > 120, `${members.size} members`)
  is(members.has('192.0.2.200'), false)
})

test('what comes while a decision stands is no evidence', () => {
  const standing: StandingDecisions = {
    findStanding: () => ({ level: 'throttle', sinceMs: START_MS }),
    isProtected: () => false
  }
  equal(
    judge(
      series(50, 500, (_, atMs) => upload({ atMs })),
      { standing }
    ),
    []
  )
})

test('a protected address is never judged', () => {
  const standing: StandingDecisions = { findStanding: () => undefined, isProtected: () => true }
  equal(
    judge(
      series(50, 500, (_, atMs) => upload({ atMs })),
      { standing }
    ),
    []
  )
})

test('IPv6 addresses of one /64 are one source', () => {
  const verdicts = judge(
    series(12, 900, (index, atMs) => upload({ atMs, source: `2001:db8:1:2::${index + 1}` }))
  )
  is(worst(verdicts), 'ban')
})

test('the number of sources is bounded, and the least recently seen goes first', () => {
  const policy = new RulePolicy({ sourcesMax: 100 })
  const events = Array.from({ length: 1_000 }, (_, index) =>
    request({ atMs: START_MS + index, source: address(index) })
  )
  judge(events, { policy })
  is(policy.sourcesTracked, 100)
  is(policy.describe(address(0), START_MS + 2_000), undefined)
  ok(policy.describe(address(999), START_MS + 2_000))
})

test('a snapshot taken anywhere changes nothing that follows', () => {
  const events = [
    ...gpgRefresh('203.0.113.7', 60),
    ...series(30, 900, (_, atMs) => upload({ atMs, source: '203.0.113.9' }))
  ].sort((a, b) => a.loggedAtMs - b.loggedAtMs)
  const straight = judge(events)
  for (const cut of [1, 17, 44, 80]) {
    const first = new RulePolicy()
    const early = judge(events.slice(0, cut), { policy: first })
    const second = new RulePolicy()
    second.restore(structuredClone(first.snapshot()))
    equal([...early, ...judge(events.slice(cut), { policy: second })], straight)
  }
})

test('refuses a snapshot of another version', () => {
  try {
    new RulePolicy().restore({ version: 0 })
    ok(false, 'expected an error')
  } catch (error) {
    is((error as { code?: string }).code, 'DETECTION_STATE_INVALID')
  }
})

/** A swarm of uploads at one a second, each from an address of its own. */
function uploadSwarm(count: number, agent: (index: number) => string, sizeSpread: number) {
  return series(count, 1_000, (index, atMs) =>
    upload({
      atMs,
      source: address(1_000 + index),
      userAgent: agent(index),
      declaredLength: 1_300 + ((index * 37) % sizeSpread)
    })
  )
}

function named(verdicts: readonly Verdict[]): Set<string> {
  return new Set(verdicts.flatMap((verdict) => verdict.members))
}

test('a swarm of uploads does not become usual by going on', () => {
  const verdicts = judge(uploadSwarm(600, () => 'curl/8.5.0', 20))
  const members = named(verdicts)
  const last = Array.from({ length: 100 }, (_, index) => address(1_500 + index))
  is(last.filter((source) => !members.has(source)).length, 0)
})

test('a swarm of uploads under one name is found whatever the sizes', () => {
  const verdicts = judge(
    uploadSwarm(80, () => 'Mozilla/5.0 (X11) Gecko/20100101 Firefox/115.0', 6_000)
  )
  ok(rulesOf(verdicts).has('swarm-uploads'))
  ok(named(verdicts).size > 60, `${named(verdicts).size} named`)
})

test('an upload of the same size by another client is not taken for part of the swarm', () => {
  const bystander = '203.0.113.99'
  const events = [
    ...uploadSwarm(60, () => 'curl/8.5.0', 20),
    upload({
      atMs: START_MS + 40_500,
      source: bystander,
      userAgent: 'Mozilla/5.0 Thunderbird/140.1',
      declaredLength: 1_305
    })
  ]
  const members = named(judge(events))
  ok(members.size > 40)
  is(members.has(bystander), false)
})

test('a swarm that changes its name with each upload is found by its sizes', () => {
  const members = named(judge(uploadSwarm(60, (index) => `agent-${index}/1.0`, 20)))
  ok(members.size > 40, `${members.size} named`)
})

test('a swarm that pads what it sends and changes its name is found by how many come at once', () => {
  const members = named(judge(uploadSwarm(160, (index) => `agent-${index % 40}/1.0`, 9_000)))
  ok(members.size > 100, `${members.size} named`)
})

test('people who upload with browsers, page and all, are not counted among such a swarm', () => {
  const agents = ['Chrome/141.0', 'Chrome/140.0', 'Firefox/143.0', 'Version/18.5 Safari/605.1']
  const events = uploadSwarm(160, (index) => `Mozilla/5.0 (X11) ${agents[index % 4]}`, 9_000).map(
    (event) => ({ ...event, host: 'keys.example', referer: 'https://keys.example/' })
  )
  is(named(judge(events)).size, 0)
})

const afterwards: { name: string; before: RequestEvent[]; again: Partial<RequestEvent> }[] = [
  {
    name: 'a scanner path',
    before: [request({ target: '/.env', userAgent: 'sqlmap/1.7' })],
    again: { target: '/.git/config' }
  },
  {
    name: 'an injection',
    before: series(3, 1_000, (index, atMs) =>
      request({ atMs, target: `/pks/lookup?op=index&search=${index}'%20or%20'1'='1` })
    ),
    again: { target: "/pks/lookup?op=index&search=9'%20or%20'1'='1" }
  },
  {
    name: 'whole domains',
    before: series(9, 20_000, (index, atMs) =>
      request({ atMs, target: `/pks/lookup?op=index&options=mr&search=@${index * 37}.example` })
    ),
    again: { target: '/pks/lookup?op=index&options=mr&search=@z.example' }
  }
]
for (const { name, before, again } of afterwards) {
  test(`is blocked for ${name}, and once the block has ended only for doing it again`, () => {
    const policy = new RulePolicy()
    is(worst(judge(before, { policy })), 'ban')
    const quiet = { ...request(), target: '/pks/lookup?op=stats' }
    const later = series(3, 60_000, (_, atMs) => ({ ...quiet, loggedAtMs: atMs + 1_900_000 }))
    const key = request({ atMs: START_MS + 2_200_000 })
    equal(judge([...later, key], { policy }), [])
    ok(worst(judge([request({ atMs: START_MS + 2_300_000, ...again })], { policy })) !== 'benign')
  })
}

test('a verdict on the very first request names its line too', () => {
  const [verdict] = judge([request({ userAgent: 'sqlmap/1.7.2#stable (https://sqlmap.org)' })])
  equal(
    verdict?.reasons.map((reason) => reason.rule),
    ['scanner-agent']
  )
  is(verdict?.lineHashes.length, 1)
})

test('a list of certificates that is shared out among addresses is found, popular certificates are not', () => {
  const keys = Array.from({ length: 400 }, () => hexDigits(random, 40))
  const quiet = request({ source: '203.0.113.50' })
  const get = (keyAt: (index: number) => number) => [
    quiet,
    ...series(400, 700, (index, atMs) =>
      request({
        atMs: atMs + 1_800_000,
        source: address(2_000 + (index % 10)),
        userAgent: 'aria2/1.37.0',
        target: `/pks/lookup?op=get&search=0x${keys[keyAt(index)]}`
      })
    )
  ]
  ok(rulesOf(judge(get((index) => index))).has('swarm-bulk'))
  equal([...rulesOf(judge(get((index) => index % 12)))], [])
})

test('what harmless clients do for hours never adds up to a ban', () => {
  const verdicts = judge(
    series(2_000, 1_700, (_, atMs) =>
      request({
        atMs,
        userAgent: 'sq/1.3.1',
        target: `/pks/lookup?op=get&search=0x${hexDigits(random, 40)}`
      })
    ).map((event) => event)
  )
  is(worst(verdicts), 'throttle')
})

test('one request in the manner of GnuPG does not hide a download of everything', () => {
  const verdicts = judge([
    request({ httpVersion: '1.0', userAgent: '' }),
    ...series(600, 1_000, (_, atMs) =>
      request({
        atMs: atMs + 1_000,
        userAgent: 'python-requests/2.32.0',
        target: `/pks/lookup?op=get&search=0x${hexDigits(random, 40)}`
      })
    )
  ])
  ok(rulesOf(verdicts).has('bulk-download'))
})

test('a flood that calls itself a keyserver is one all the same', () => {
  const verdicts = judge(
    series(120, 9_500, (_, atMs) =>
      upload({ atMs, userAgent: 'Hockeypuck/2.3.3', declaredLength: 1_306 })
    )
  )
  ok(['throttle', 'ban'].includes(worst(verdicts)))
})

test('a clock that was set ahead and back leaves nothing behind in the future', () => {
  const policy = new RulePolicy()
  const keys = [hexDigits(random, 40), hexDigits(random, 40), hexDigits(random, 40)]
  const quiet = (from: number, count: number) =>
    series(count, 5_000, (index, atMs) =>
      request({
        atMs: atMs + from,
        userAgent: 'mirror/1',
        target: `/pks/lookup?op=get&search=0x${keys[index % 3]}`
      })
    )
  const month = 30 * 86_400_000
  equal(judge(quiet(0, 12), { policy }), [])
  policy.shiftTime(month)
  equal(judge(quiet(month + 60_000, 12), { policy }), [])
  policy.shiftTime(-month)
  const verdicts = judge(quiet(120_000, 10_000), { policy })
  equal([...rulesOf(verdicts)], [])
  const described = policy.describe('203.0.113.7', START_MS + 120_000 + 10_000 * 5_000)
  ok(Number(described?.['requests_per_hour']) < 900, JSON.stringify(described))
})

test('a rule that is left out says nothing, alone or of a swarm, and the others go on', () => {
  const scanner = series(4, 1_000, (index, atMs) =>
    request({ atMs, target: `/wp-admin/${index}.php`, status: 404, userAgent: 'nikto/2.5' })
  )
  const all = rulesOf(judge(scanner))
  ok(all.has('scanner-path') && all.has('scanner-agent'))
  const rest = rulesOf(
    judge(scanner, { policy: new RulePolicy({ withoutRules: new Set(['scanner-path']) }) })
  )
  is(rest.has('scanner-path'), false)
  ok(rest.has('scanner-agent'))
  const swarm = series(40, 2_000, (index, atMs) =>
    request({
      atMs,
      source: address(index),
      target: `/pks/lookup?op=index&search=%40domain${String(index).padStart(3, '0')}.example`,
      status: 404,
      userAgent: 'python-requests/2.31'
    })
  )
  const found = judge(swarm).filter(({ scope }) => scope === 'swarm')
  ok(found.length > 0)
  const withoutRules = rulesOf(found)
  const silenced = judge(swarm, { policy: new RulePolicy({ withoutRules }) })
  is(
    silenced.some(({ reasons }) => reasons.some(({ rule }) => withoutRules.has(rule))),
    false
  )
})

test('a monitor that was set up for another server is slowed down all day, and never banned', () => {
  const monitor = (targets: readonly string[]) =>
    series(120, 60_000, (index, atMs) =>
      request({
        atMs,
        target: targets[index % targets.length] ?? '',
        status: 404,
        userAgent: 'Uptime-Kuma/1.23'
      })
    )
  is(worst(judge(monitor(['/server-status']))), 'throttle')
  is(worst(judge(monitor(['/server-status', '/phpinfo.php']))), 'ban')
})
