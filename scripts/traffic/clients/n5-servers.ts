/** N5: other servers. Gossip partners with their recovery, PKS pushes, status pages that poll. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Activity, Agent, Client } from '../client.ts'
import { arrivals, dailyRhythm, gapMs } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { type Certificate, lengthAt } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { agentOf, peerServer } from './agents.ts'
import { answerOf, hashquery, plain, upload } from './asking.ts'

const PARAMETERS = {
  reconGap: {
    name: 'reconGap',
    unit: 's between reconciliations',
    shape: 'log-uniform',
    min: 55,
    max: 240,
    source: 'contract §1.8: gossipIntervalSecs 60; more where peers are many'
  },
  failShare: {
    name: 'failShare',
    unit: 'share of reconciliations',
    shape: 'log-uniform',
    min: 0.01,
    max: 0.15,
    source: 'recording: 3 of some 40 with a real partner; fewer are assumed'
  },
  pollGap: {
    name: 'pollGap',
    unit: 's between polls',
    shape: 'log-uniform',
    min: 15,
    max: 3_600,
    source: 'contract §4.2 N5: 1 per 5–60 min; recording: 15–60 s (Prometheus, status pages)'
  },
  chunks: {
    name: 'chunks',
    unit: 'queries to catch up',
    shape: 'log-uniform',
    min: 4,
    max: 160,
    source: 'contract §1.8: chunks of up to 100; how long partners are away is assumed'
  },
  pushes: {
    name: 'pushes',
    unit: 'PKS pushes in a day',
    shape: 'log-uniform',
    min: 150,
    max: 8_000,
    source:
      'contract §5: 500–1000 net adds a day, updates come on top; §1.8: 10 s apart while there is something to send'
  },
  newShare: {
    name: 'newShare',
    unit: 'share of PKS pushes',
    shape: 'uniform',
    min: 0.1,
    max: 1,
    source: 'assumed: a partner that only we are pushed by sends us what nobody else had'
  }
} satisfies Record<string, Parameter>
/** Reconciliations with a real partner that came to nothing. */
const FAILURES = ['cannot peer: sync not available, currently mutating', 'i/o timeout', 'EOF']
const POLLERS = 12
/** Servers that send us their changes without being our partners. */
const PUSHERS_MAX = 3
/** What monitors ask for by their defaults, or for the program that stood there before. */
const STRAY_TARGETS = [
  '/metrics',
  '/health',
  '/healthz',
  '/status',
  '/ping',
  '/pks',
  '/-/healthy',
  '/server-status',
  '/status.json'
]
/** What changed since the last reconciliation is more often what many sign. */
const WELL_KNOWN_SHARE = 0.25
const PUSH_BATCH_MEAN = 3
/** Servers that come and go. */
const GUESTS_PER_DAY = 240

export const N5: BenignModel = {
  name: 'N5',
  title: 'other servers and status pages',
  parameters: PARAMETERS,
  plan
}

function* plan(world: World): Generator<Activity, void, void> {
  const draw = world.draw.fork('N5')
  const { fromMs } = world.span
  const base = { className: 'N5', label: 'benign', startMs: fromMs } as const
  const [first, second, third, fourth] = world.places.peers
  for (const peer of [first, second, third]) {
    if (peer === undefined) continue
    const own = draw.fork('peer')
    yield { ...base, campaign: 'peer-recon', open: () => gossip(world, peer, own) }
  }
  const unknown = Array.from({ length: draw.between(0, PUSHERS_MAX) }, () =>
    world.places.server(draw)
  )
  for (const pusher of fourth === undefined ? unknown : [fourth, ...unknown]) {
    const own = draw.fork('push')
    yield { ...base, campaign: 'pks-push', open: () => push(world, pusher, own) }
  }
  for (let i = 0; i < POLLERS; i++) {
    const own = draw.fork('poller')
    yield { ...base, campaign: 'stats-poll', open: () => poll(world, own) }
  }
  const guests = { ...world.span, perSecond: GUESTS_PER_DAY / 86_400, rhythm: dailyRhythm(0.3, 13) }
  for (const startMs of arrivals(guests, draw)) {
    const own = draw.fork('guest')
    const isPeer = own.chance(0.4)
    yield {
      ...base,
      startMs,
      campaign: isPeer ? 'peer-catch-up' : 'stats-visit',
      open: () =>
        isPeer
          ? catchUp(world, startMs, own)
          : poll(world, own, { startMs, polls: own.between(3, 60) })
    }
  }
}

/** Most recover from the address that opened the recon connection, so their Host is ours as a number (as recorded). */
function askingByAddress(world: World, draw: Draw): Agent {
  const agent = peerServer(draw)
  return draw.chance(0.6) ? { ...agent, host: `${world.places.ownAddress}:11371` } : agent
}

function changed(world: World, draw: Draw): Certificate {
  return draw.chance(WELL_KNOWN_SHARE) ? world.keys.wellKnown(draw) : world.keys.any(draw)
}

/** A partner that was away fetches what it has missed, a hundred certificates at a time. */
function* catchUp(world: World, startMs: number, draw: Draw): Client {
  const asker = { source: world.places.server(draw), agent: askingByAddress(world, draw) }
  let atMs = startMs
  for (let left = new Drawn(world.region, draw).count(PARAMETERS.chunks); left > 0; left--) {
    const digests = draw.chance(0.75) ? 100 : draw.between(1, 99)
    const answer = yield hashquery(asker, atMs, {
      digests,
      answerBytes: answerOf(digests, draw, (own) => changed(world, own)),
      isKept: atMs > startMs
    })
    atMs = answer.endMs + draw.logNormal(350, 0.9)
  }
}

/** After each reconciliation the partner fetches what it lacks, in chunks on one connection, and we fetch what we lack. */
function* gossip(world: World, source: AddressText, draw: Draw): Client {
  const asker = { source, agent: askingByAddress(world, draw) }
  const drawn = new Drawn(world.region, draw)
  const meanMs = drawn.value(PARAMETERS.reconGap) * 1000
  const failShare = drawn.value(PARAMETERS.failShare)
  let atMs = world.span.fromMs + draw.uniform(0, meanMs)
  for (;;) {
    if (draw.chance(failShare)) {
      const intent = { kind: 'recon-probe', error: draw.pick(FAILURES) } as const
      yield plain(asker, atMs, { method: '', target: '', intent })
      atMs += gapMs({ gapMs: meanMs, variation: 0.12 }, draw)
    }
    const inserted = draw.weighted([
      [5, 0],
      [3, 1],
      [2, 2],
      [1, 5]
    ])
    const updated = draw.weighted([
      [3, 0],
      [3, 1],
      [2, 3],
      [1, 7]
    ])
    if (inserted + updated > 0) {
      yield plain(asker, atMs, {
        method: '',
        target: '',
        intent: { kind: 'recon-upsert', inserted, updated }
      })
    }
    let wanted = draw.weighted([
      [2, 0],
      [5, draw.between(1, 4)],
      [2, draw.between(5, 18)],
      [1, draw.between(20, 120)]
    ])
    let isKept = false
    while (wanted > 0) {
      const digests = Math.min(100, wanted)
      wanted -= digests
      const answer = yield hashquery(asker, atMs + 5, {
        digests,
        answerBytes: answerOf(digests, draw, (own) => changed(world, own)),
        isKept
      })
      isKept = draw.chance(0.6)
      atMs = answer.endMs + draw.logNormal(12, 0.7)
    }
    atMs += gapMs({ gapMs: meanMs, variation: 0.12 }, draw)
  }
}

/** Once a minute it looks what has changed, and sends that one by one, ten seconds apart (contract §1.8). */
function* push(world: World, source: AddressText, draw: Draw): Client {
  const agent = {
    ...peerServer(draw),
    tool: 'PKS',
    userAgent: 'Hockeypuck/2.3.3',
    otherBytes: 62
  }
  const asker = { source, agent }
  const perDay = new Drawn(world.region, draw).value(PARAMETERS.pushes)
  const newShare = new Drawn(world.region, draw).value(PARAMETERS.newShare)
  const meanGapMs = (86_400_000 / perDay) * PUSH_BATCH_MEAN
  let atMs = world.span.fromMs + draw.exponential(meanGapMs)
  for (;;) {
    let left = 1 + Math.floor(draw.exponential(PUSH_BATCH_MEAN - 0.5))
    while (left-- > 0) {
      const length = lengthAt(draw.next())
      const isNew = draw.chance(newShare)
      const certificate = isNew ? world.keys.create(length, draw) : world.keys.any(draw)
      const answer = yield upload(asker, atMs, {
        sentBytes: certificate.lengthBytes,
        ...(isNew
          ? { inserted: [certificate] }
          : draw.chance(0.5)
            ? { updated: [certificate] }
            : { ignored: [certificate] })
      })
      atMs = answer.endMs + 10_000 + draw.uniform(0, 30)
    }
    atMs += draw.exponential(meanGapMs)
  }
}

function* poll(
  world: World,
  draw: Draw,
  visit?: { readonly startMs: number; readonly polls: number }
): Client {
  const agent = { ...agentOf('poller', world.region, draw), isTls: draw.chance(0.2) }
  const asker = { source: world.places.server(draw), agent }
  const alsoStray = draw.chance(0.25) ? draw.pick(STRAY_TARGETS) : undefined
  const meanMs = new Drawn(world.region, draw).value(PARAMETERS.pollGap) * 1000
  const what = draw.pick([
    { target: '/pks/stats', intent: { kind: 'stats', form: 'html' } },
    { target: '/pks/stats?options=json', intent: { kind: 'stats', form: 'json' } },
    { target: '/pks/lookup?op=stats', intent: { kind: 'stats', form: 'html' } },
    { target: '/pks/lookup?op=stats&options=mr', intent: { kind: 'stats', form: 'json' } },
    { target: '/pks/health', intent: { kind: 'health' } },
    ...STRAY_TARGETS.map((target) => ({ target, intent: { kind: 'missing-file' } }) as const)
  ] as const)
  let atMs = visit?.startMs ?? world.span.fromMs + draw.uniform(0, Math.min(meanMs, 60_000))
  for (let left = visit?.polls ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    yield plain(asker, atMs, what)
    if (alsoStray !== undefined && draw.chance(0.3)) {
      const stray = { target: alsoStray, intent: { kind: 'missing-file' } } as const
      yield plain(asker, atMs + draw.uniform(5, 400), stray)
    }
    atMs += meanMs + draw.normal() * meanMs * 0.015
  }
}
