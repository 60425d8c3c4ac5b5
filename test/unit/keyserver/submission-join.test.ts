import { equal, is, ok } from 'uvu/assert'
import {
  type AccessLine,
  type SubmissionEvent,
  SubmissionJoin,
  type TrafficEvent
} from '../../../src/keyserver/index.ts'
import { notice, recon, request, START_MS, submission, upload } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('submission join')

const unjoined = (fields: Partial<SubmissionEvent> = {}) =>
  submission({
    source: undefined,
    confidence: 0,
    candidates: 0,
    bytesIn: -1,
    userAgent: '',
    loggedAtMs: START_MS,
    ...fields
  })
const httpError = (status: number, fields = {}) =>
  notice({
    code: 'http-error',
    status,
    source: undefined,
    confidence: 0,
    level: 'error',
    ...fields
  })

function access(fields: Partial<AccessLine> = {}): AccessLine {
  return {
    loggedAtMs: START_MS,
    method: 'POST',
    target: '/pks/add',
    status: 200,
    durationMs: 20,
    host: '',
    line: '',
    ...fields
  }
}

/** An upload that ended `endMs` after the start and took `durationMs`. */
const sent = (source: string, endMs: number, durationMs: number, fields = {}) =>
  upload({
    source,
    atMs: START_MS + endMs - durationMs,
    loggedAtMs: START_MS + endMs,
    durationMs,
    ...fields
  })

function joined(feed: (join: SubmissionJoin) => void): TrafficEvent[] {
  const events: TrafficEvent[] = []
  const join = new SubmissionJoin({}, (event) => events.push(event))
  feed(join)
  join.settle(START_MS + 60_000)
  is(join.waitingCount, 0)
  return events.filter((event) => event.kind !== 'request' && event.kind !== 'recon')
}

const first = (events: readonly TrafficEvent[]) => events[0] as SubmissionEvent

test('an upload with one possible request is certain', () => {
  const event = first(
    joined((join) => {
      join.push(unjoined())
      join.access(access())
      join.push(sent('203.0.113.7', 420, 21, { userAgent: 'gpg' }))
    })
  )
  equal(
    [event.source, event.confidence, event.candidates, event.bytesIn, event.userAgent],
    ['203.0.113.7', 1, 1, 2_320, 'gpg']
  )
})

test('requests pass at once', () => {
  const events: TrafficEvent[] = []
  const join = new SubmissionJoin({}, (event) => events.push(event))
  join.push(unjoined())
  join.push(request())
  equal(
    events.map((event) => event.kind),
    ['request']
  )
})

for (const skewMs of [-4_000, 0, 4_000]) {
  test(`works with one log ${skewMs} ms behind the other`, () => {
    const event = first(
      joined((join) => {
        if (skewMs < 0) {
          join.push(sent('203.0.113.7', 420, 20))
          join.push(request({ loggedAtMs: START_MS - skewMs }))
        }
        join.push(unjoined())
        join.access(access())
        if (skewMs > 0) join.push(recon({ atMs: START_MS + skewMs, loggedAtMs: START_MS + skewMs }))
        if (skewMs >= 0) join.push(sent('203.0.113.7', 420, 20))
      })
    )
    is(event.source, '203.0.113.7')
    is(event.confidence, 1)
  })
}

test('duration tells two uploads of one second apart, and says how sure it is', () => {
  const event = first(
    joined((join) => {
      join.push(sent('203.0.113.7', 300, 20))
      join.push(sent('198.51.100.9', 700, 250))
      join.push(unjoined())
      join.access(access({ durationMs: 248 }))
    })
  )
  is(event.source, '198.51.100.9')
  is(event.candidates, 2)
  ok(event.confidence > 0.9 && event.confidence < 1)
})

test('two uploads that nothing tells apart are one half each', () => {
  const event = first(
    joined((join) => {
      join.push(sent('203.0.113.7', 300, 20))
      join.push(sent('198.51.100.9', 310, 20))
      join.push(unjoined())
      join.access(access({ durationMs: 20 }))
    })
  )
  is(event.candidates, 2)
  ok(Math.abs(event.confidence - 0.5) < 0.01)
})

test('several uploads of one address leave no doubt about the address', () => {
  const event = first(
    joined((join) => {
      for (const endMs of [100, 200, 300]) join.push(sent('203.0.113.7', endMs, 20))
      join.push(unjoined())
      join.access(access())
    })
  )
  equal([event.source, event.confidence, event.candidates], ['203.0.113.7', 1, 3])
})

test('a request carries one submission', () => {
  const events = joined((join) => {
    join.push(sent('203.0.113.7', 300, 20))
    join.push(sent('198.51.100.9', 400, 90))
    join.push(unjoined({ line: 'one' }))
    join.access(access({ durationMs: 19.5 }))
    join.push(unjoined({ line: 'two' }))
    join.access(access({ durationMs: 89 }))
  }) as SubmissionEvent[]
  equal(
    events.map((event) => event.source),
    ['203.0.113.7', '198.51.100.9']
  )
})

test('a replacement is told by its path', () => {
  const event = first(
    joined((join) => {
      join.push(unjoined())
      join.access(access({ target: '/pks/replace' }))
      join.push(sent('203.0.113.7', 400, 20, { target: '/pks/add' }))
      join.push(sent('198.51.100.9', 400, 20, { target: '/pks/replace' }))
    })
  )
  equal([event.verb, event.source, event.candidates], ['replace', '198.51.100.9', 1])
})

test('what the proxy refused carried nothing', () => {
  const event = first(
    joined((join) => {
      join.push(unjoined())
      join.push(sent('203.0.113.7', 400, 20, { outcome: 'denied', status: 429 }))
    })
  )
  equal([event.source, event.confidence, event.candidates], [undefined, 0, 0])
})

test('an upload seconds away is not it', () => {
  const event = first(
    joined((join) => {
      join.push(unjoined())
      join.push(sent('203.0.113.7', 5_000, 20))
    })
  )
  is(event.source, undefined)
})

test('an HTTP error finds its lookup, rewritten or not', () => {
  const [event] = joined((join) => {
    join.push(httpError(400))
    join.access(
      access({ method: 'GET', target: '/pks/lookup?op=x&search=a', status: 400, durationMs: 1 })
    )
    join.push(
      request({
        source: '203.0.113.7',
        atMs: START_MS + 200,
        loggedAtMs: START_MS + 201,
        durationMs: 1,
        status: 400,
        target: '/pks/lookup?op=x&search=a'
      })
    )
    join.push(
      request({
        source: '198.51.100.9',
        atMs: START_MS + 200,
        loggedAtMs: START_MS + 201,
        durationMs: 1,
        status: 400,
        target: '/pks/lookup?op=y'
      })
    )
  })
  equal(
    [(event as SubmissionEvent).source, (event as SubmissionEvent).confidence],
    ['203.0.113.7', 1]
  )
})

test('a warning about material belongs to the upload that follows, less surely while recon is at work', () => {
  const feed = (join: SubmissionJoin) => {
    join.push(notice({ code: 'user-id-too-long', source: undefined, confidence: 0 }))
    join.push(unjoined())
    join.access(access())
    join.push(sent('203.0.113.7', 400, 20))
  }
  equal(
    (joined(feed) as SubmissionEvent[]).map((event) => [event.source, event.confidence]),
    [
      ['203.0.113.7', 1],
      ['203.0.113.7', 1]
    ]
  )
  const [doubtful] = joined((join) => {
    join.push(recon({ atMs: START_MS, loggedAtMs: START_MS }))
    feed(join)
  }) as SubmissionEvent[]
  is(doubtful?.confidence, 0.5)
})

test('goes on after a restart as if nothing had happened', () => {
  const events: TrafficEvent[] = []
  const before = new SubmissionJoin({}, () => undefined)
  before.push(sent('203.0.113.7', 300, 20))
  before.push(unjoined())
  before.access(access())
  const after = new SubmissionJoin({}, (event) => events.push(event))
  after.restore(JSON.parse(JSON.stringify(before.snapshot())))
  after.settle(START_MS + 10_000)
  equal(
    (events as SubmissionEvent[]).map((event) => [event.kind, event.source]),
    [['submission', '203.0.113.7']]
  )
})

test('bounds what waits and what is remembered', () => {
  let events = 0
  const join = new SubmissionJoin({ maxEntries: 10 }, (event) => {
    if (event.kind === 'submission') events++
  })
  for (let index = 0; index < 100; index++) {
    join.push(sent('203.0.113.7', 1, 1))
    join.push(unjoined())
  }
  is(join.waitingCount, 10)
  is(events, 90)
  ok(join.snapshot().requests.length <= 20)
})
