/** A9 and A11: the key base is copied, by one or twenty sources, or by hundreds that ask once or twice each. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Client } from '../client.ts'
import { mailAddress } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { agentOf, impossibleBrowser } from './agents.ts'
import { byFingerprint, lookup, type Search } from './asking.ts'
import { Attacker, campaign, swarmTimes } from './attacker.ts'

const SCRAPE = {
  pace: {
    name: 'pace',
    unit: 'requests/s of the whole',
    shape: 'log-uniform',
    min: 0.15,
    max: 50,
    source: 'contract §4.2 A9: 0.5–50/s; slower ones to evade'
  },
  requests: {
    name: 'requests',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 150,
    max: 9_000,
    source: 'recording: 200–500; contract §4.2 A9: hours'
  },
  sources: {
    name: 'sources',
    unit: 'addresses',
    shape: 'log-uniform',
    min: 1,
    max: 40,
    source: 'recording: 1 and 20; contract §4.2 A9: up to 100'
  },
  variation: {
    name: 'variation',
    unit: 'std/mean of gaps',
    shape: 'uniform',
    min: 0.02,
    max: 0.3,
    source: 'contract §4.2 A9: CV <0.3'
  }
} satisfies Record<string, Parameter>
const SWARM = {
  sources: {
    name: 'sources',
    unit: 'addresses',
    shape: 'log-uniform',
    min: 150,
    max: 5_000,
    source: 'contract §4.2 A11: 500–5000 addresses'
  },
  perSource: {
    name: 'perSource',
    unit: 'requests per address',
    shape: 'uniform',
    min: 1,
    max: 3,
    source: 'contract §4.2 A11: 1–3 requests per address and hour'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s of the whole',
    shape: 'log-uniform',
    min: 0.1,
    max: 6,
    source: 'assumed: what hundreds of proxies share'
  },
  missShare: {
    name: 'missShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0.1,
    max: 0.6,
    source: 'contract §4.2 A11: err 0.1–0.6'
  }
} satisfies Record<string, Parameter>

/** Which certificates, in which order; each region has ways of its own. */
const ORDERS = {
  train: ['random', 'dump', 'prefix'],
  validation: ['stride', 'key-id-dump'],
  test: ['descending', 'shuffled-blocks', 'random-key-id']
} as const
type Order = (typeof ORDERS)[keyof typeof ORDERS][number]

export const A9: AbuseModel = {
  name: 'A9',
  title: 'scraping the key base',
  parameters: SCRAPE,
  evasions: [
    'none',
    'jitter',
    'rotation-on-refusal',
    'agent-rotation',
    'gpg-mimicry',
    'browser-mimicry',
    'prefix-rotation',
    'bursts'
  ],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const order = slot.draw.pick<Order>(ORDERS[world.region])
    drawn.note('order', order)
    return campaign(
      slot,
      { className: 'A9', description: `keyspace scrape, ${order}`, drawn },
      () => scrape(world, slot, { drawn, order })
    )
  }
}

export const A11: AbuseModel = {
  name: 'A11',
  title: 'scraping by a swarm',
  parameters: SWARM,
  evasions: ['none', 'jitter', 'agent-rotation', 'gpg-mimicry', 'browser-mimicry', 'bursts'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const order = slot.draw.pick<Order | 'mail'>([...ORDERS[world.region], 'mail'])
    drawn.note('order', order)
    return campaign(
      slot,
      { className: 'A11', description: `scrape by a swarm of proxies in homes, ${order}`, drawn },
      () => swarm(world, slot, { drawn, order })
    )
  }
}

function* scrape(world: World, slot: CampaignSlot, plan: { drawn: Drawn; order: Order }): Client {
  const { drawn } = plan
  const meanGapMs = 1000 / drawn.value(SCRAPE.pace)
  const count = drawn.count(SCRAPE.sources)
  const pool: readonly AddressText[] = Array.from({ length: count }, () =>
    world.places.serverIpv4()
  )
  const attacker = new Attacker(world, slot, {
    family: 'script',
    ...(count > 1 ? { from: pool } : {}),
    meanGapMs,
    variation: drawn.value(SCRAPE.variation)
  })
  const requests = drawn.count(SCRAPE.requests)
  const endMs = slot.startMs + spanMs(world, (requests * meanGapMs) / 1000 + 600)
  const walk = walkOf(world, slot, plan.order)
  let atMs = slot.startMs
  for (let i = 0; i < requests && atMs < endMs; i++) {
    const asker = attacker.asker()
    const source = pool.length > 1 ? (pool[i % pool.length] ?? asker.source) : asker.source
    const answer = yield lookup({ ...asker, source }, atMs, {
      search: walk(i),
      style: { op: 'get', options: 'mr' }
    })
    // Alone it waits for each answer; a pool does not.
    atMs = (pool.length > 1 ? atMs : answer.endMs) + attacker.pause(answer)
  }
}

function* swarm(
  world: World,
  slot: CampaignSlot,
  plan: { drawn: Drawn; order: Order | 'mail' }
): Client {
  const { draw, evasion } = slot
  const { drawn } = plan
  const sources = drawn.count(SWARM.sources)
  const requests = Math.round(sources * drawn.value(SWARM.perSource))
  const missShare = drawn.value(SWARM.missShare)
  const times = {
    startMs: slot.startMs,
    spanMs: spanMs(world, requests / drawn.value(SWARM.pace)),
    count: requests,
    variation: evasion === 'none' ? 0.4 : 1
  }
  const addresses: AddressText[] = []
  const walk = plan.order === 'mail' ? undefined : walkOf(world, slot, plan.order)
  const isFakeBrowser = evasion !== 'gpg-mimicry' && draw.chance(0.6)
  const single = new Attacker(world, slot, { family: 'script', meanGapMs: 1, variation: 0 }).asker()
    .agent
  const agent = () => {
    if (isFakeBrowser) return impossibleBrowser(world.region, draw)
    return evasion === 'agent-rotation' ? agentOf('script', world.region, draw) : single
  }
  let i = 0
  for (const atMs of swarmTimes(draw, times)) {
    const source = addresses[i % sources] ?? world.places.newUser(draw)
    if (addresses.length < sources) addresses.push(source)
    const isMissed = draw.chance(missShare)
    const search: Search =
      walk === undefined
        ? { text: mailAddress(draw), found: isMissed ? [] : [world.keys.wanted(draw)] }
        : walk(i)
    i++
    yield lookup({ source, agent: agent() }, atMs, {
      search: isMissed ? { ...search, found: [] } : search,
      style:
        walk === undefined ? { op: 'index', isForm: isFakeBrowser } : { op: 'get', options: 'mr' }
    })
  }
}

/** The i-th certificate of the walk; ids that are guessed find nobody. */
function walkOf(world: World, slot: CampaignSlot, order: Order): (index: number) => Search {
  const { keys } = world
  const { draw } = slot
  const start = draw.below(keys.size)
  const stride = draw.between(2, 900)
  const isLong = draw.chance(0.5)
  const isUpper = slot.evasion === 'gpg-mimicry' || draw.chance(0.4)
  const held = (index: number, digits: 16 | 40 = 40): Search => {
    const certificate = keys.certificate(((index % keys.size) + keys.size) % keys.size)
    return { text: byFingerprint(certificate, digits, isUpper), found: [certificate] }
  }
  const guessed = (digits: string) => `0x${isUpper ? digits.toUpperCase() : digits}`
  switch (order) {
    case 'dump':
      return (i) => held(start + i)
    case 'key-id-dump':
      return (i) => held(start + i, 16)
    case 'stride':
      return (i) => held(start + i * stride)
    case 'descending':
      return (i) => held(start - i)
    case 'shuffled-blocks':
      return (i) => held(start + Math.floor(i / 64) * 64 + ((i * 29) % 64))
    case 'random':
      return () => ({ text: guessed(draw.hex(isLong ? 40 : 16)), found: [] })
    case 'random-key-id':
      return () => ({ text: guessed(draw.hex(16)), found: [] })
    case 'prefix':
      return (i) => {
        const head = ((start * 977 + i) >>> 0).toString(16).padStart(8, '0')
        return { text: `0x${head.padEnd(i % 2 === 0 ? 16 : 40, '0')}`, found: [] }
      }
  }
}
