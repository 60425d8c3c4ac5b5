/** A8: mail addresses are gathered by domain, by name or by wildcard, in the order of a list. */
import type { Client } from '../client.ts'
import { DOMAINS, FIRST_NAMES, LAST_NAMES, wordAt } from '../keyserver/names.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { type LookupStyle, lookup, type Search } from './asking.ts'
import { Attacker, campaign } from './attacker.ts'

const PARAMETERS = {
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.06,
    max: 10,
    source: 'contract §4.2 A8: 0.2–10/s; slower ones to evade'
  },
  searches: {
    name: 'searches',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 60,
    max: 2_500,
    source: 'recording: 129–260; assumed wider'
  },
  variation: {
    name: 'variation',
    unit: 'std/mean of gaps',
    shape: 'uniform',
    min: 0.1,
    max: 0.6,
    source: 'contract §4.2 A8: CV 0.1–0.6'
  },
  missShare: {
    name: 'missShare',
    unit: 'of its list, 0 = best guesses',
    shape: 'uniform',
    min: 0,
    max: 1,
    source: 'contract §4.2 A8: err 0.6–0.98; recording: 0 for domains'
  },
  sources: {
    name: 'sources',
    unit: 'addresses of a pool',
    shape: 'log-uniform',
    min: 2,
    max: 60,
    source: 'recordings: 8–36 where a list is shared out'
  }
} satisfies Record<string, Parameter>

/** The rest comes from one address at a time. Recordings: a third of the campaigns. */
const POOL_SHARE = 0.3

/** What it goes through; each region has ways of its own. */
const LISTS = {
  train: ['domain', 'first-name', 'wildcard', 'word'],
  validation: ['at-domain', 'last-name'],
  test: ['local-part', 'subdomain', 'domain-form']
} as const
export type List = (typeof LISTS)[keyof typeof LISTS][number]
const LOCAL_PARTS = [
  'abuse',
  'admin',
  'billing',
  'ceo',
  'contact',
  'help',
  'hr',
  'info',
  'it',
  'jobs',
  'legal',
  'mail',
  'office',
  'press',
  'root',
  'sales',
  'security',
  'support',
  'team',
  'webmaster'
]

export const A8: AbuseModel = {
  name: 'A8',
  title: 'harvesting of mail addresses',
  parameters: PARAMETERS,
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
    const list = slot.draw.pick<List>(LISTS[world.region])
    const isShared = world.places.sharedNats.length > 0 && slot.draw.chance(0.2)
    drawn.note('list', list)
    return campaign(
      slot,
      {
        className: 'A8',
        description: `e-mail harvesting by ${list}${isShared ? ', behind an address that others share' : ''}`,
        drawn,
        ...(isShared ? { label: 'mixed', campaign: `shared-nat-bad-${slot.id}` } : {})
      },
      () => harvest(world, slot, { drawn, list, isShared })
    )
  }
}

function* harvest(
  world: World,
  slot: CampaignSlot,
  plan: { drawn: Drawn; list: List; isShared: boolean }
): Client {
  const { draw } = slot
  const { drawn, list } = plan
  const meanGapMs = 1000 / drawn.value(PARAMETERS.pace)
  const pool =
    plan.isShared || !draw.chance(POOL_SHARE)
      ? []
      : Array.from({ length: drawn.count(PARAMETERS.sources) }, () => world.places.serverIpv4())
  const from = plan.isShared ? [draw.pick(world.places.sharedNats)] : pool
  const attacker = new Attacker(world, slot, {
    family: draw.chance(0.5) ? 'harvester' : 'script',
    ...(from.length > 0 ? { from } : {}),
    meanGapMs,
    variation: drawn.value(PARAMETERS.variation)
  })
  const searches = drawn.count(PARAMETERS.searches)
  const missShare = missShareOf(list, drawn.value(PARAMETERS.missShare))
  const isMachineReadable = draw.chance(0.4)
  const op = draw.weighted<LookupStyle['op']>([
    [8, 'index'],
    [1, 'vindex'],
    [slot.evasion === 'browser-mimicry' ? 0 : 2, 'get']
  ])
  const endMs = slot.startMs + spanMs(world, (searches * meanGapMs) / 1000 + 900)
  const offset = draw.below(4_000)
  let atMs = slot.startMs
  for (let i = 0; i < searches && atMs < endMs; i++) {
    const text = termAt(list, offset + i)
    const search: Search = { text, found: draw.chance(missShare) ? [] : foundBy(world, list, draw) }
    const asker = attacker.asker()
    const source = pool[i % Math.max(1, pool.length)] ?? asker.source
    const answer = yield lookup({ ...asker, source }, atMs, {
      search,
      style: {
        op,
        isForm: list === 'domain-form' || list === 'subdomain',
        ...(isMachineReadable ? { options: 'mr' } : {})
      }
    })
    // A pool does not wait for one of its members.
    atMs = Math.max(atMs + 1, pool.length > 1 ? atMs : answer.endMs) + attacker.pause(answer)
  }
}

/** Domains and surnames mostly exist; guessed addresses and wildcards mostly do not. */
function missShareOf(list: List, value: number): number {
  const isKnown =
    list === 'domain' || list === 'domain-form' || list === 'last-name' || list === 'at-domain'
  return isKnown ? value * 0.5 : 0.6 + 0.38 * value
}

/** The list's next term: sorted, as lists are. */
export function termAt(list: List, index: number): string {
  const domain = DOMAINS[index % DOMAINS.length] ?? ''
  const first = FIRST_NAMES[index % FIRST_NAMES.length]?.toLowerCase() ?? ''
  const last =
    LAST_NAMES[Math.floor(index / FIRST_NAMES.length) % LAST_NAMES.length]?.toLowerCase() ?? ''
  switch (list) {
    case 'domain':
    case 'domain-form':
      return domain
    case 'word':
      return wordAt(index)
    case 'wildcard':
      return `*@${domain}`
    case 'at-domain':
      return `@${domain}`
    case 'subdomain':
      return `${['mail', 'smtp', 'dev', 'corp'][index % 4]}.${DOMAINS[Math.floor(index / 4) % DOMAINS.length]}`
    case 'first-name':
      return `${first}.${last}@${DOMAINS[Math.floor(index / 7) % DOMAINS.length]}`
    case 'last-name':
      return `${LAST_NAMES[index % LAST_NAMES.length]}`
    case 'local-part':
      return `${LOCAL_PARTS[index % LOCAL_PARTS.length]}@${DOMAINS[Math.floor(index / LOCAL_PARTS.length) % DOMAINS.length]}`
  }
}

function foundBy(world: World, list: List, draw: CampaignSlot['draw']): Search['found'] {
  const expected =
    list === 'domain' || list === 'at-domain' || list === 'domain-form'
      ? 14
      : list === 'last-name'
        ? 30
        : 1
  return [world.keys.any(draw), ...world.keys.named(expected, draw)]
}
