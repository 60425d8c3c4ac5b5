/** Laws of reading logs: how the bytes are cut and how connections interleave changes nothing; no header names a client. */
import fc from 'fast-check'
import { equal, is, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  type BehindProxy,
  HaproxyDecoder,
  HockeypuckDecoder,
  LineIntake,
  type LogDecoder,
  NginxDecoder,
  type RequestEvent,
  type TrafficEvent
} from '../../../src/keyserver/index.ts'
import { back, front, LOG_START_MS, refused } from '../../support/log-lines.ts'
import { numbered } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('laws of reading logs')

interface Reading {
  readonly events: TrafficEvent[]
  readonly unparsed: unknown
  readonly committed: number
}

async function read(decoder: LogDecoder, chunks: readonly Buffer[]): Promise<Reading> {
  const events: TrafficEvent[] = []
  const intake = new LineIntake(
    { decoder, maxLineBytes: 1_000 },
    { clock: new ManualClock(), sink: (event) => events.push(event) }
  )
  for (const chunk of chunks) await intake.push(chunk)
  const committed = intake.committedOffset
  intake.endOfInput()
  intake.flush()
  const { unparsedByCause, lines, bytes } = intake.counters
  return { events, unparsed: { unparsedByCause, lines, bytes }, committed }
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
}

const record = (log: string) => JSON.stringify({ log, stream: 'stdout' })
const HOCKEYPUCK = 'time="2026-11-23T03:16:36Z" level=info msg=upsert'
const anyLine = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((port) => front({ port })),
  fc.integer({ min: 1, max: 9 }).map((port) => back({ port })),
  fc.nat(999).map(numbered),
  fc.constantFrom(
    '',
    '\r',
    HOCKEYPUCK,
    'x'.repeat(1_500),
    '\0\0\0',
    record('half of '),
    record(`a line\n`)
  ),
  fc.string({ maxLength: 40, unit: 'binary' }).map((text) => text.replaceAll('\n', ''))
)
const logs = fc
  .tuple(fc.array(anyLine, { maxLength: 30 }), fc.boolean())
  .map(([lines, isEnded]) => Buffer.from(lines.join('\n') + (isEnded ? '\n' : '')))

for (const make of [
  () => new HaproxyDecoder({ timeZone: 'UTC' }),
  () => new NginxDecoder(),
  () => new HockeypuckDecoder({ isRequestSource: true })
]) {
  test(`${make().format}: however the bytes are cut, the events are the same`, () =>
    fc.assert(
      fc.asyncProperty(logs, fc.array(fc.nat(), { maxLength: 40 }), async (bytes, places) => {
        equal(await read(make(), cut(bytes, places)), await read(make(), [bytes]))
      }),
      { numRuns: 200 }
    ))
}

test('reading on from the committed offset gives what reading on would have given', () =>
  fc.assert(
    fc.asyncProperty(logs, fc.nat(), async (bytes, place) => {
      const at = place % (bytes.length + 1)
      const whole = await read(new NginxDecoder(), [bytes])
      const before: TrafficEvent[] = []
      const intake = new LineIntake(
        { decoder: new NginxDecoder(), maxLineBytes: 1_000 },
        { clock: new ManualClock(), sink: (event) => before.push(event) }
      )
      await intake.push(bytes.subarray(0, at))
      const pending = JSON.parse(JSON.stringify(intake.pendingLines()))
      const after: TrafficEvent[] = []
      const next = new LineIntake(
        { decoder: new NginxDecoder(), maxLineBytes: 1_000 },
        { clock: new ManualClock(), sink: (event) => after.push(event) }
      )
      next.restorePending(pending)
      next.beginAt(intake.committedOffset)
      await next.push(bytes.subarray(intake.committedOffset))
      next.endOfInput()
      next.flush()
      equal([...before, ...after], whole.events)
    }),
    { numRuns: 200 }
  ))

/** Requests of one connection come one after the other, B before A or A before B. */
interface Exchange {
  readonly client: number
  readonly gapMs: number
  readonly durationMs: number
  readonly isFrontFirst: boolean
}
const connections = fc.array(
  fc.record({
    client: fc.integer({ min: 1, max: 5 }),
    gapMs: fc.integer({ min: 0, max: 40 }),
    durationMs: fc.integer({ min: 1, max: 60 }),
    isFrontFirst: fc.boolean()
  }),
  { minLength: 1, maxLength: 40 }
)

/** Lines of each connection in its own order, with what a request must be recognised by. */
function linesOf(exchanges: readonly Exchange[]): string[][] {
  const queues = new Map<number, { lines: string[]; atMs: number }>()
  for (const [number, exchange] of exchanges.entries()) {
    const { client, gapMs, durationMs, isFrontFirst } = exchange
    const queue = queues.get(client) ?? { lines: [], atMs: LOG_START_MS }
    queues.set(client, queue)
    queue.atMs += gapMs
    const fields = {
      client: `198.51.100.${client}`,
      port: 40_000 + client,
      atMs: queue.atMs,
      timers: `0/0/0/${durationMs}/${durationMs}`,
      request: `GET /pks/lookup?op=get&search=0x${String(number).padStart(8, '0')} HTTP/1.1`
    }
    queue.atMs += durationMs
    const pair = [front(fields), back(fields)]
    queue.lines.push(...(isFrontFirst ? pair : pair.reverse()))
  }
  return [...queues.values()].map(({ lines }) => lines)
}

/** Takes from the queues in the order of the picks, each queue in its own order. */
function interleave(queues: readonly string[][], picks: readonly number[]): string[] {
  const rest = queues.map((lines) => [...lines])
  const mixed: string[] = []
  for (let turn = 0; rest.some((lines) => lines.length > 0); turn++) {
    const filled = rest.filter((lines) => lines.length > 0)
    mixed.push(filled[(picks[turn % picks.length] ?? 0) % filled.length]?.shift() ?? '')
  }
  return mixed
}

test('the lines of every request find each other, however the connections interleave', () =>
  fc.assert(
    fc.property(
      connections,
      fc.array(fc.nat(), { minLength: 1, maxLength: 80 }),
      (given, picks) => {
        const decoder = new HaproxyDecoder({ timeZone: 'UTC' })
        const events: RequestEvent[] = []
        for (const line of interleave(linesOf(given), picks)) {
          is(
            decoder.decode(line, (event) => events.push(event as RequestEvent)),
            undefined
          )
        }
        equal(decoder.pendingLines(), [])
        is(events.length, given.length)
        ok(events.every((event) => event.isComplete))
        const seen = events.map((event) => `${event.source} ${Number(event.target.slice(-8))}`)
        equal(
          seen.sort(),
          given.map(({ client }, number) => `198.51.100.${client} ${number}`).sort()
        )
      }
    ),
    { numRuns: 300 }
  ))

const CLAIMED = '192.0.2.66'
const claim = fc.constantFrom(
  CLAIMED,
  `${CLAIMED}, 10.0.0.1`,
  `10.0.0.1,${CLAIMED}`,
  `for=${CLAIMED}`,
  `[::ffff:${CLAIMED}]:80`,
  `${CLAIMED}#7C${CLAIMED}`,
  `x#7D ${CLAIMED}`,
  ` ${CLAIMED} `
)

test('no X-Forwarded-For that a client wrote becomes its address', () =>
  fc.assert(
    fc.property(claim, fc.constantFrom('pair', 'alone', 'refused'), (forwardedFor, which) => {
      const decoder = new HaproxyDecoder({ timeZone: 'UTC' })
      const captures = `{keys.example:11371||${forwardedFor}|||curl||1|1} `
      const events: TrafficEvent[] = []
      const take = (line: string) => decoder.decode(line, (event) => events.push(event))
      if (which === 'pair') take(back())
      take(which === 'refused' ? refused({ captures }) : front({ captures }))
      decoder.flush((event) => events.push(event))
      equal(
        events.map((event) => (event as RequestEvent).source),
        ['203.0.113.7']
      )
    })
  ))

test('behind a proxy only the element that this proxy wrote is believed', () => {
  const sourceOf = (behindProxy: BehindProxy, forwardedFor: string) => {
    const decoder = new HaproxyDecoder({ timeZone: 'UTC', behindProxy })
    const events: TrafficEvent[] = []
    const captures = `{keys.example:11371||${forwardedFor}|||curl||1|1} `
    decoder.decode(refused({ captures }), (event) => events.push(event))
    return (events[0] as RequestEvent | undefined)?.source
  }
  for (const behind of ['proxy', 'cloudflare'] as const) {
    is(sourceOf(behind, `${CLAIMED},198.51.100.9`), '198.51.100.9')
    is(sourceOf(behind, `${CLAIMED}, nonsense`), undefined)
    is(sourceOf(behind, ''), undefined)
    // HAProxy cuts what it captures: the last element of a long one is not the last.
    is(sourceOf(behind, `${CLAIMED},`.repeat(6).slice(0, 64)), undefined)
  }
})
