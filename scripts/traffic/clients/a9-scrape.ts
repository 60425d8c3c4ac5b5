/** A9: the key base is copied, by one source or by a pool of servers. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { byFingerprint, type LookupStyle, lookup, type Search } from './asking.ts'
import { Attacker, campaign } from './attacker.ts'

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
    unit: 'addresses of a pool',
    shape: 'log-uniform',
    min: 2,
    max: 100,
    source: 'recordings: 9–30 where there is a pool; contract §4.2 A9: up to 100'
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
/** The rest comes from one address. Recordings: half of the campaigns. */
const POOL_SHARE = 0.45

/** Which certificates, in which order; each region has ways of its own. */
export const ORDERS = {
  train: ['random', 'dump', 'prefix'],
  validation: ['stride', 'key-id-dump'],
  test: ['descending', 'shuffled-blocks', 'random-key-id']
} as const
export type Order = (typeof ORDERS)[keyof typeof ORDERS][number]

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

function* scrape(world: World, slot: CampaignSlot, plan: { drawn: Drawn; order: Order }): Client {
  const { draw } = slot
  const { drawn } = plan
  const meanGapMs = 1000 / drawn.value(SCRAPE.pace)
  const count = draw.chance(POOL_SHARE) ? drawn.count(SCRAPE.sources) : 1
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
  const style = styleOf(slot)
  let atMs = slot.startMs
  for (let i = 0; i < requests && atMs < endMs; i++) {
    const asker = attacker.asker()
    const source = pool.length > 1 ? (pool[i % pool.length] ?? asker.source) : asker.source
    const answer = yield lookup({ ...asker, source }, atMs, {
      search: walk(i),
      style
    })
    // Alone it waits for each answer; a pool does not.
    atMs = (pool.length > 1 ? atMs : answer.endMs) + attacker.pause(answer)
  }
}

/** As GnuPG asks, as a person would, or for the list of user ids. */
export function styleOf({ draw, evasion }: CampaignSlot): LookupStyle {
  if (evasion === 'gpg-mimicry') return { op: 'get', options: 'mr' }
  return draw.weighted<LookupStyle>([
    [4, { op: 'get', options: 'mr' }],
    [4, { op: 'get' }],
    [1, { op: 'index', options: 'mr' }],
    [1, { op: 'vindex' }]
  ])
}

/** The i-th certificate of the walk; ids that are guessed find nobody. */
export function walkOf(world: World, slot: CampaignSlot, order: Order): (index: number) => Search {
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
