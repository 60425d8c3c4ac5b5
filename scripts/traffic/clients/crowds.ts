/**
 * Crowds that mean no harm: a release is announced and hundreds fetch one certificate (N2), or a signing party's guests upload each
 * other's signatures within the hour (N6). Both look like swarms and are none.
 */
import type { Activity, Agent, Client } from '../client.ts'
import type { Draw } from '../draw.ts'
import type { Certificate } from '../keyserver/key-base.ts'
import { lengthAt } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { Drawn, type World } from '../world.ts'
import { agentOf, gnupg, thunderbird } from './agents.ts'
import { type Asker, byFingerprint, lookup, upload } from './asking.ts'

export const CROWD_PARAMETERS = {
  announcements: {
    name: 'announcements',
    unit: 'per day',
    shape: 'uniform',
    min: 0,
    max: 24,
    source: 'assumed: releases, advisories, talks, scheduled jobs that many run at the same minute'
  },
  crowd: {
    name: 'crowd',
    unit: 'people',
    shape: 'log-uniform',
    min: 10,
    max: 1_200,
    source: 'assumed'
  },
  crowdSpan: {
    name: 'crowdSpan',
    unit: 's until two thirds have come',
    shape: 'log-uniform',
    min: 45,
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
    max: 6,
    source: 'assumed: conferences, key rotations and calls to publish that many follow'
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

export const TEAM_PARAMETERS = {
  teams: {
    name: 'teams',
    unit: 'per day',
    shape: 'uniform',
    min: 4,
    max: 60,
    source:
      'assumed: a company renews its certificates, a class or a party uploads behind one address'
  },
  teamSize: {
    name: 'teamSize',
    unit: 'uploads',
    shape: 'log-uniform',
    min: 4,
    max: 60,
    source: 'assumed'
  },
  teamGap: {
    name: 'teamGap',
    unit: 's between uploads',
    shape: 'log-uniform',
    min: 3,
    max: 240,
    source: 'assumed: by hand one after the other, or by a script'
  },
  teamNewShare: {
    name: 'teamNewShare',
    unit: 'share of its uploads',
    shape: 'uniform',
    min: 0.05,
    max: 1,
    source: 'assumed: the rest are new signatures under known certificates'
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
    // Who would come after the recording has ended is not seen.
    lengthMs: drawn.value(kinds.span) * 1000,
    draw: draw.fork('meeting')
  })).sort((a, b) => a.startMs - b.startMs)
}

export function* announcements(world: World): Generator<Activity, void, void> {
  const draw = world.draw.fork('announcements')
  const { announcements: perDay, crowd: people, crowdSpan: span } = CROWD_PARAMETERS
  const visits = meetings(world, draw, { perDay, people, span }).flatMap((meeting) => {
    const certificate = world.keys.wanted(meeting.draw)
    const agentFor = crowdAgents(world, meeting.draw)
    return Array.from({ length: meeting.people }, () => ({
      startMs: meeting.startMs + meeting.draw.exponential(meeting.lengthMs),
      certificate,
      agentFor,
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

/** Everybody follows the same instructions: GnuPG, one program of builders, browsers, or each their own. */
function crowdAgents(world: World, draw: Draw): (draw: Draw) => Agent {
  const { region } = world
  const one = agentOf('builder', region, draw)
  return draw.weighted<(own: Draw) => Agent>([
    [5, gnupg],
    [3, () => one],
    [1, (own) => agentOf('browser', region, own)],
    [2, (own) => (own.chance(0.5) ? gnupg() : agentOf('builder', region, own))]
  ])
}

function* fetchOne(
  world: World,
  visit: {
    readonly startMs: number
    readonly certificate: Certificate
    readonly agentFor: (draw: Draw) => Agent
    readonly draw: Draw
  }
): Client {
  const { certificate, draw } = visit
  const asker: Asker = { source: world.places.user(draw), agent: visit.agentFor(draw) }
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

/** Parties of many addresses and teams behind one, in the order of their start. */
export function* gatherings(world: World): Generator<Activity, void, void> {
  const activities = [...parties(world), ...teams(world)]
  yield* activities.sort((a, b) => a.startMs - b.startMs)
}

function* teams(world: World): Generator<Activity, void, void> {
  const draw = world.draw.fork('teams')
  const { teams: perDay, teamSize: people, teamGap: span } = TEAM_PARAMETERS
  for (const { startMs, people: size, draw: own } of meetings(world, draw, {
    ...{ perDay, people, span }
  })) {
    yield {
      className: 'N6',
      label: 'benign',
      campaign: 'team-upload',
      startMs,
      open: () => team(world, { startMs, size }, own)
    }
  }
}

/** One after the other uploads; some look whether it is there, some refresh what the others have signed. */
function* team(world: World, plan: { startMs: number; size: number }, draw: Draw): Client {
  const drawn = new Drawn(world.region, draw)
  const gapMs = drawn.value(TEAM_PARAMETERS.teamGap) * 1000
  const newShare = drawn.value(TEAM_PARAMETERS.teamNewShare)
  const agent = draw.weighted<() => Agent>([
    [6, gnupg],
    [2, () => agentOf('builder', world.region, draw)],
    [1, () => thunderbird(draw)],
    [1, () => agentOf('browser', world.region, draw)]
  ])()
  const asker: Asker = { source: world.places.user(draw), agent }
  const typical = lengthAt(0.05 + 0.85 * draw.next())
  // One program and one policy make certificates that differ by the length of a name; many programs do not.
  const variety = draw.pick([0.03, 0.12, 0.8])
  const looksUp = draw.chance(0.5)
  let atMs = plan.startMs
  for (let left = plan.size; left > 0; left--) {
    const isNew = draw.chance(newShare)
    const certificate = isNew
      ? world.keys.create(typical * (1 + draw.uniform(0, variety)), draw)
      : draw.chance(0.5)
        ? world.keys.wellKnown(draw)
        : world.keys.any(draw)
    if (!isNew && looksUp) {
      const search = { text: byFingerprint(certificate), found: [certificate] }
      const style = { op: 'get', options: 'mr' } as const
      atMs = (yield lookup(asker, atMs, { search, style })).endMs + draw.logNormal(900, 0.7)
    }
    const answer = yield upload(asker, atMs, {
      sentBytes: Math.min(certificate.lengthBytes, 60_000),
      ...(isNew ? { inserted: [certificate] } : { updated: [certificate] })
    })
    atMs = answer.endMs + draw.logNormal(gapMs, 0.7)
  }
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
