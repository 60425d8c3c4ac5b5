/**
 * Crowds that mean no harm: a release is announced and hundreds fetch one certificate (N2), or a signing party's guests upload each
 * other's signatures within the hour (N6). Both look like swarms and are none.
 */
import type { Activity, Client } from '../client.ts'
import type { Draw } from '../draw.ts'
import type { Certificate } from '../keyserver/key-base.ts'
import { lengthAt } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { Drawn, spanMs, type World } from '../world.ts'
import { agentOf, gnupg, thunderbird } from './agents.ts'
import { type Asker, byFingerprint, lookup, upload } from './asking.ts'

export const CROWD_PARAMETERS = {
  announcements: {
    name: 'announcements',
    unit: 'per day',
    shape: 'uniform',
    min: 0,
    max: 3,
    source: 'assumed: a release, an advisory, a talk'
  },
  crowd: {
    name: 'crowd',
    unit: 'people',
    shape: 'log-uniform',
    min: 40,
    max: 1_200,
    source: 'assumed'
  },
  crowdSpan: {
    name: 'crowdSpan',
    unit: 's until two thirds have come',
    shape: 'log-uniform',
    min: 600,
    max: 10_800,
    source: 'assumed'
  }
} satisfies Record<string, Parameter>

export const PARTY_PARAMETERS = {
  parties: {
    name: 'parties',
    unit: 'per day',
    shape: 'uniform',
    min: 0,
    max: 2,
    source: 'assumed: conferences'
  },
  guests: {
    name: 'guests',
    unit: 'people',
    shape: 'log-uniform',
    min: 12,
    max: 160,
    source: 'assumed'
  },
  partySpan: {
    name: 'partySpan',
    unit: 's',
    shape: 'log-uniform',
    min: 900,
    max: 14_400,
    source: 'assumed: in the evening, when everybody signs'
  }
} satisfies Record<string, Parameter>

const DAY_MS = 86_400_000

interface Meeting {
  readonly startMs: number
  readonly people: number
  readonly lengthMs: number
  readonly draw: Draw
}

/** All meetings of the day at once; their people come one by one, in the order of their coming. */
function meetings(
  world: World,
  draw: Draw,
  kinds: { readonly perDay: Parameter; readonly people: Parameter; readonly span: Parameter }
): readonly Meeting[] {
  const drawn = new Drawn(world.region, draw)
  const { fromMs, toMs } = world.span
  const expected = (drawn.value(kinds.perDay) * (toMs - fromMs)) / DAY_MS
  const count = Math.floor(expected) + (draw.chance(expected % 1) ? 1 : 0)
  return Array.from({ length: count }, () => ({
    startMs: fromMs + (toMs - fromMs) * draw.uniform(0, 0.8),
    people: drawn.count(kinds.people),
    lengthMs: spanMs(world, drawn.value(kinds.span)),
    draw: draw.fork('meeting')
  })).sort((a, b) => a.startMs - b.startMs)
}

export function* announcements(world: World): Generator<Activity, void, void> {
  const draw = world.draw.fork('announcements')
  const { announcements: perDay, crowd: people, crowdSpan: span } = CROWD_PARAMETERS
  const visits = meetings(world, draw, { perDay, people, span }).flatMap((meeting) => {
    const certificate = world.keys.wanted(meeting.draw)
    return Array.from({ length: meeting.people }, () => ({
      startMs: meeting.startMs + meeting.draw.exponential(meeting.lengthMs),
      certificate,
      draw: meeting.draw.fork('person')
    }))
  })
  for (const visit of visits.sort((a, b) => a.startMs - b.startMs)) {
    yield {
      className: 'N2',
      label: 'benign',
      campaign: 'flash-crowd',
      startMs: visit.startMs,
      open: () => fetchOne(world, visit)
    }
  }
}

function* fetchOne(
  world: World,
  visit: { readonly startMs: number; readonly certificate: Certificate; readonly draw: Draw }
): Client {
  const { certificate, draw } = visit
  const asker: Asker = { source: world.places.user(draw), agent: gnupg() }
  const found = {
    text: byFingerprint(certificate, draw.chance(0.85) ? 40 : 16),
    found: [certificate]
  }
  const answer = yield lookup(asker, visit.startMs, {
    search: found,
    style: { op: 'get', options: 'mr' }
  })
  if (answer.status === 200 || draw.chance(0.5)) return
  yield lookup(asker, answer.endMs + draw.logNormal(6_000, 0.8), {
    search: found,
    style: { op: 'get', options: 'mr' }
  })
}

export function* parties(world: World): Generator<Activity, void, void> {
  const draw = world.draw.fork('parties')
  const { parties: perDay, guests: people, partySpan: span } = PARTY_PARAMETERS
  const visits = meetings(world, draw, { perDay, people, span }).flatMap((meeting) => {
    const guests = Array.from({ length: meeting.people }, () => world.keys.any(meeting.draw))
    return guests.map((own) => ({
      startMs: meeting.startMs + meeting.draw.uniform(0, meeting.lengthMs),
      own,
      others: Array.from({ length: meeting.draw.between(1, 14) }, () => meeting.draw.pick(guests)),
      draw: meeting.draw.fork('guest')
    }))
  })
  for (const visit of visits.sort((a, b) => a.startMs - b.startMs)) {
    yield {
      className: 'N6',
      label: 'benign',
      campaign: 'signing-party',
      startMs: visit.startMs,
      open: () => guest(world, visit)
    }
  }
}

/** Fetches the others' certificates, signs them, and sends them back one by one. */
function* guest(
  world: World,
  visit: {
    readonly startMs: number
    readonly own: Certificate
    readonly others: readonly Certificate[]
    readonly draw: Draw
  }
): Client {
  const { draw } = visit
  const agent = draw.chance(0.8)
    ? gnupg()
    : draw.chance(0.5)
      ? thunderbird(draw)
      : agentOf('builder', world.region, draw)
  const asker: Asker = { source: world.places.user(draw), agent }
  let atMs = visit.startMs
  for (const other of visit.others) {
    const search = { text: byFingerprint(other), found: [other] }
    const answer = yield lookup(asker, atMs, { search, style: { op: 'get', options: 'mr' } })
    atMs = answer.endMs + draw.logNormal(1_500, 0.9)
  }
  atMs += draw.logNormal(120_000, 0.9)
  for (const other of [...visit.others, visit.own]) {
    const signed = { ...other, lengthBytes: other.lengthBytes + draw.between(110, 560) }
    const answer = yield upload(asker, atMs, {
      sentBytes: Math.max(signed.lengthBytes, lengthAt(0.1)),
      ...(draw.chance(0.9) ? { updated: [signed] } : { ignored: [other] })
    })
    atMs = answer.endMs + draw.logNormal(900, 0.8)
  }
}
