/** A11: the key base is copied, or its addresses are, by hundreds that ask once or twice each. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Agent, Client } from '../client.ts'
import { mailAddress } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import type { Region } from '../regions.ts'
import { type AbuseModel, type CampaignSlot, Drawn, type World } from '../world.ts'
import { termAt } from './a8-harvest.ts'
import { ORDERS, type Order, styleOf, walkOf } from './a9-scrape.ts'
import { agentOf, gnupg, impossibleBrowser } from './agents.ts'
import { type LookupStyle, lookup, type Search } from './asking.ts'
import { campaign, cutToSpan, swarmTimes } from './attacker.ts'

const PARAMETERS = {
  sources: {
    name: 'sources',
    unit: 'addresses',
    shape: 'log-uniform',
    min: 90,
    max: 5_000,
    source: 'contract §4.2 A11: 500–5000 addresses; recordings: 320–400; fewer are assumed'
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
    source: 'recordings: 1–2/s; slower ones to evade; what hundreds of proxies share'
  },
  missShare: {
    name: 'missShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0.1,
    max: 0.9,
    source: 'contract §4.2 A11: err 0.1–0.6; recordings: up to 0.95 (lists of names)'
  }
} satisfies Record<string, Parameter>

/** What is asked for beside walks of the key base; each region has lists of its own. */
const LISTS = {
  train: ['mail', 'first-name', 'word', 'domain'],
  validation: ['mail', 'last-name', 'at-domain'],
  test: ['mail', 'local-part', 'domain-form']
} as const
type List = (typeof LISTS)[keyof typeof LISTS][number]

/** Who the members say they are. */
const MASKS = {
  train: ['one program', 'impossible browsers', 'several programs'],
  validation: ['one program', 'impossible browsers'],
  test: ['one program', 'impossible browsers', 'programs and browsers']
} as const
type Mask = (typeof MASKS)[keyof typeof MASKS][number]

export const A11: AbuseModel = {
  name: 'A11',
  title: 'scraping by a swarm',
  parameters: PARAMETERS,
  evasions: ['none', 'jitter', 'agent-rotation', 'gpg-mimicry', 'browser-mimicry', 'bursts'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const what = slot.draw.chance(0.5)
      ? slot.draw.pick<Order>(ORDERS[world.region])
      : slot.draw.pick<List>(LISTS[world.region])
    const mask = slot.draw.pick<Mask>(MASKS[world.region])
    drawn.note('order', what)
    drawn.note('mask', mask)
    return campaign(
      slot,
      { className: 'A11', description: `scrape by a swarm of proxies in homes, ${what}`, drawn },
      () => swarm(world, slot, { drawn, what, mask })
    )
  }
}

function* swarm(
  world: World,
  slot: CampaignSlot,
  plan: { drawn: Drawn; what: Order | List; mask: Mask }
): Client {
  const { draw, evasion } = slot
  const { drawn, what } = plan
  const wanted = drawn.count(PARAMETERS.sources)
  const perSource = drawn.value(PARAMETERS.perSource)
  const missShare = drawn.value(PARAMETERS.missShare)
  const pace = drawn.value(PARAMETERS.pace)
  const { count, spanMs } = cutToSpan(world, Math.round(wanted * perSource), pace)
  const sources = Math.max(1, Math.round(count / perSource))
  const times = {
    startMs: slot.startMs,
    spanMs,
    count,
    variation: evasion === 'none' ? draw.uniform(0.25, 0.9) : 1
  }
  const members: { readonly source: AddressText; readonly agent: Agent }[] = []
  const newAgent = agentsOf(world.region, slot, plan.mask)
  const { searchFor, style } = searchesOf(world, slot, what)
  let i = 0
  for (const atMs of swarmTimes(draw, times)) {
    const member = members[i % sources] ?? { source: world.places.newUser(draw), agent: newAgent() }
    if (members.length < sources) members.push(member)
    const search = searchFor(i)
    const agent = evasion === 'agent-rotation' && draw.chance(0.5) ? newAgent() : member.agent
    yield lookup({ source: member.source, agent }, atMs, {
      search: draw.chance(missShare) ? { ...search, found: [] } : search,
      style
    })
    i++
  }
}

function agentsOf(region: Region, { draw, evasion }: CampaignSlot, mask: Mask): () => Agent {
  if (evasion === 'gpg-mimicry') return gnupg
  const todays = () => ({ ...agentOf('browser', region, draw), tool: 'browser-mimicry' })
  if (evasion === 'browser-mimicry') return todays
  const single = agentOf('script', region, draw)
  switch (mask) {
    case 'one program':
      return () => single
    case 'impossible browsers':
      return () => impossibleBrowser(region, draw)
    case 'several programs':
      return () => agentOf('script', region, draw)
    case 'programs and browsers':
      return () => (draw.chance(0.5) ? todays() : agentOf('script', region, draw))
  }
}

function searchesOf(
  world: World,
  slot: CampaignSlot,
  what: Order | List
): { readonly searchFor: (index: number) => Search; readonly style: LookupStyle } {
  const { draw, evasion } = slot
  const { keys } = world
  if (isOrder(what)) return { searchFor: walkOf(world, slot, what), style: styleOf(slot) }
  const style = draw.weighted<LookupStyle>([
    [evasion === 'gpg-mimicry' ? 0 : 4, { op: 'index', isForm: true }],
    [evasion === 'gpg-mimicry' ? 0 : 3, { op: 'index' }],
    [3, { op: 'index', options: 'mr' }],
    [1, { op: 'get', options: 'mr' }]
  ])
  if (what === 'mail') {
    return { searchFor: () => ({ text: mailAddress(draw), found: [keys.wanted(draw)] }), style }
  }
  // A list that is read from its top, or handed out at random.
  const isShuffled = draw.chance(0.5)
  const offset = draw.below(4_000)
  return {
    searchFor: (index) => ({
      text: termAt(what, isShuffled ? draw.below(100_000) : offset + index),
      found: [keys.any(draw), ...keys.named(4, draw)]
    }),
    style
  }
}

const ALL_ORDERS: ReadonlySet<string> = new Set(Object.values(ORDERS).flat())

function isOrder(what: Order | List): what is Order {
  return ALL_ORDERS.has(what)
}
