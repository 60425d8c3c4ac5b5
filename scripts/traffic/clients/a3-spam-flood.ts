/** A3 and A4: certificates that nobody owns, all alike, from one address or from a swarm of hundreds. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Agent, Client } from '../client.ts'
import type { Draw } from '../draw.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { agentOf, gnupg, impossibleBrowser } from './agents.ts'
import { type Upload, upload } from './asking.ts'
import { Attacker, abuseModel, campaign, cutToSpan, swarmTimes } from './attacker.ts'

const SIZE: Parameter = {
  name: 'size',
  unit: 'bytes of a certificate',
  shape: 'log-uniform',
  min: 240,
  max: 2_600,
  source:
    'contract §4.1: 1232–1306 B in March 2023; an elliptic one with a short user id has 240 B or more'
}
const SPREAD: Parameter = {
  name: 'spread',
  unit: 'bytes around the size',
  shape: 'log-uniform',
  min: 2,
  max: 400,
  source:
    'contract §4.2 A3: 1306 ±4 B, mode ≥50 % in ±8 B; recording: ±25 B; user ids padded at random, to evade, are assumed'
}
const FLOOD = {
  size: SIZE,
  spread: SPREAD,
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.3,
    max: 20,
    source: 'contract §4.2 A3: 1–20 adds/s; slower ones to evade'
  },
  uploads: {
    name: 'uploads',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 80,
    max: 3_000,
    source: 'recording: 150; assumed wider'
  }
} satisfies Record<string, Parameter>
const SWARM = {
  size: SIZE,
  spread: SPREAD,
  sources: {
    name: 'sources',
    unit: 'addresses',
    shape: 'log-uniform',
    min: 80,
    max: 1_500,
    source: 'contract §4.2 A4: 50–1500 addresses'
  },
  perSource: {
    name: 'perSource',
    unit: 'requests per address',
    shape: 'uniform',
    min: 1,
    max: 3,
    source: 'contract §4.2 A4: 0.001–0.05/s per address'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s of the whole',
    shape: 'log-uniform',
    min: 0.15,
    max: 10,
    source: 'contract §4.2 A4: 2–10/s; slower ones to evade'
  }
} satisfies Record<string, Parameter>

export const A3: AbuseModel = abuseModel(
  {
    name: 'A3',
    description: 'spam certificates, single source',
    title: 'spam certificates from one source',
    parameters: FLOOD,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'agent-rotation',
      'gpg-mimicry',
      'browser-mimicry',
      'prefix-rotation',
      'bursts'
    ]
  },
  flood
)

export const A4: AbuseModel = {
  name: 'A4',
  title: 'spam certificates from a swarm',
  parameters: SWARM,
  evasions: ['none', 'jitter', 'agent-rotation', 'gpg-mimicry', 'browser-mimicry', 'bursts'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const through = slot.draw.weighted([
      [4, 'tor'],
      [4, 'residential proxies'],
      [2, 'cloud']
    ] as const)
    drawn.note('through', through)
    return campaign(
      slot,
      { className: 'A4', description: `spam certificates from a swarm, ${through}`, drawn },
      () => swarm(world, slot, { drawn, through })
    )
  }
}

function* flood(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const spam = spamOf(world, slot.draw, drawn)
  const meanGapMs = 1000 / drawn.value(FLOOD.pace)
  const attacker = new Attacker(world, slot, { family: 'script', meanGapMs, variation: 0.15 })
  const uploads = drawn.count(FLOOD.uploads)
  const endMs = slot.startMs + spanMs(world, (uploads * meanGapMs) / 1000 + 600)
  let atMs = slot.startMs
  for (let i = 0; i < uploads && atMs < endMs; i++) {
    const answer = yield upload(attacker.asker(), atMs, spam())
    // A pool of workers: a held one does not stop the others.
    atMs += attacker.pause(answer)
  }
}

function* swarm(world: World, slot: CampaignSlot, plan: { drawn: Drawn; through: string }): Client {
  const { draw, evasion } = slot
  const { drawn } = plan
  const spam = spamOf(world, draw, drawn)
  const wanted = drawn.count(SWARM.sources)
  const perSource = drawn.value(SWARM.perSource)
  const pace = drawn.value(SWARM.pace)
  const seen = cutToSpan(world, Math.round(wanted * perSource), pace)
  const count = Math.max(1, Math.round(seen.count / perSource))
  const sources = swarmSources(world, draw, { through: plan.through, count })
  const newAgent = swarmAgents(world, slot)
  const members = sources.map((source) => ({ source, agent: newAgent() }))
  const every = {
    startMs: slot.startMs,
    ...seen,
    variation: evasion === 'none' ? draw.uniform(0.2, 0.9) : 1
  }
  let i = 0
  for (const atMs of swarmTimes(draw, every)) {
    const member = members[i % members.length]
    if (member === undefined) return
    i++
    yield upload(member, atMs, spam())
  }
}

function swarmSources(
  world: World,
  draw: Draw,
  wanted: { through: string; count: number }
): readonly AddressText[] {
  const { places } = world
  if (wanted.through === 'tor') return places.abusedExits(wanted.count, draw)
  const make = () =>
    places.noteAbuser(wanted.through === 'cloud' ? places.server(draw) : places.newUser(draw))
  return Array.from({ length: wanted.count }, make)
}

/** Swarms whose program calls itself a browser that nobody has. Assumed. */
const BROWSER_SHARE = 0.4
/** Swarms of which each address has a program of its own. Assumed. */
const SEVERAL_SHARE = 0.25

/** One program everywhere, several of a kind, or browsers that load no page: each address keeps its own. */
function swarmAgents({ region }: World, slot: CampaignSlot): () => Agent {
  const { draw, evasion } = slot
  if (evasion === 'gpg-mimicry') return gnupg
  const todays = () => ({ ...agentOf('browser', region, draw), tool: 'browser-mimicry' })
  if (evasion === 'browser-mimicry') return todays
  const single = draw.chance(BROWSER_SHARE)
    ? impossibleBrowser(region, draw)
    : agentOf('script', region, draw)
  if (evasion === 'agent-rotation' || draw.chance(SEVERAL_SHARE)) {
    return () => agentOf('script', region, draw)
  }
  return () => single
}

/** Certificates of one make: near the same length, one algorithm, never seen before. */
function spamOf(world: World, draw: Draw, drawn: Drawn): () => Upload {
  const size = drawn.value(SIZE)
  const spread = drawn.value(SPREAD)
  const algorithm = size < 850 ? 'eddsa_Curve25519' : draw.pick(['rsa2048', 'rsa2048', 'rsa3072'])
  return () => {
    const certificate = world.keys.create(size + draw.normal() * spread * 0.5, draw, algorithm)
    return { inserted: [certificate], sentBytes: certificate.lengthBytes }
  }
}
