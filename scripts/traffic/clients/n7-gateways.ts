/** N7: mailing lists, mail filters and gateways ask for every address that they meet: regular, and mostly in vain. */
import type { Activity, Client } from '../client.ts'
import { arrivals, dailyRhythm, gapMs } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { mailAddress, mailDomain } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { agentOf } from './agents.ts'
import { type Asker, type LookupStyle, lookup, plain } from './asking.ts'

const PARAMETERS = {
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.01,
    max: 1,
    source: 'contract §4.2 N7: 0.1–1/s; recording: 0.09–0.5/s; quieter ones are assumed'
  },
  variation: {
    name: 'variation',
    unit: 'std/mean of gaps',
    shape: 'uniform',
    min: 0.1,
    max: 0.5,
    source: 'contract §4.2 N7: CV 0.1–0.5'
  },
  missShare: {
    name: 'missShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0.5,
    max: 0.9,
    source: 'contract §4.2 N7: err 0.5–0.9'
  },
  mailing: {
    name: 'mailing',
    unit: 'requests',
    shape: 'log-normal',
    median: 130,
    sigma: 0.8,
    min: 20,
    max: 900,
    source: 'recording: 119–642 requests a gateway; else assumed'
  },
  indexShare: {
    name: 'indexShare',
    unit: 'share of gateways',
    shape: 'uniform',
    min: 0.1,
    max: 0.35,
    source: 'recording: 2 of 10 use op=index, which the stock rules punish'
  }
} satisfies Record<string, Parameter>
/** The rest of this class's requests belongs to mailings. */
const STANDING_SHARE = 0.5
const REQUESTS_PER_MAILING = 170
const GATEWAYS_MIN = 4
const GATEWAYS_MAX = 40

export const N7: BenignModel = {
  name: 'N7',
  title: 'mailing lists and gateways',
  parameters: PARAMETERS,
  plan
}

/** Some ask all day; others only while a mailing goes out. */
function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N7')
  const indexShare = new Drawn(world.region, draw).value(PARAMETERS.indexShare)
  const { fromMs } = world.span
  const base = { className: 'N7', label: 'benign' } as const
  let left = perSecond * STANDING_SHARE
  for (let i = 0; i < GATEWAYS_MAX && (left > 0 || i < GATEWAYS_MIN); i++) {
    const own = draw.fork('gateway')
    const gateway = newGateway(world, indexShare, own)
    left -= gateway.pace
    yield { ...base, campaign: 'gateway', startMs: fromMs, open: () => ask(world, gateway, own) }
  }
  const mailings = {
    ...world.span,
    perSecond: (perSecond * (1 - STANDING_SHARE)) / REQUESTS_PER_MAILING,
    rhythm: dailyRhythm(0.6, 13)
  }
  for (const startMs of arrivals(mailings, draw)) {
    const own = draw.fork('mailing')
    const gateway = newGateway(world, indexShare, own)
    const requests = new Drawn(world.region, own).count(PARAMETERS.mailing)
    const mailing = { ...gateway, startMs, requests }
    yield { ...base, campaign: 'mailing', startMs, open: () => ask(world, mailing, own) }
  }
}

interface Gateway {
  readonly pace: number
  readonly style: LookupStyle | 'path'
  /** @default the whole recording */
  readonly startMs?: number
  readonly requests?: number
}

function newGateway(world: World, indexShare: number, draw: Draw): Gateway {
  const style: Gateway['style'] = draw.chance(indexShare)
    ? { op: 'index', options: 'mr' }
    : draw.chance(0.3)
      ? 'path'
      : { op: 'get', options: 'mr', isExact: draw.chance(0.4) }
  return { pace: new Drawn(world.region, draw).value(PARAMETERS.pace), style }
}

function* ask(world: World, gateway: Gateway, draw: Draw): Client {
  const { keys, places, region, span } = world
  const drawn = new Drawn(region, draw)
  const variation = drawn.value(PARAMETERS.variation)
  const missShare = drawn.value(PARAMETERS.missShare)
  const asker: Asker = { source: places.server(draw), agent: agentOf('gateway', region, draw) }
  const rhythm = dailyRhythm(0.3, 14)
  let atMs = gateway.startMs ?? span.fromMs + draw.uniform(0, 1000 / gateway.pace)
  for (let left = gateway.requests ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    const isFound = !draw.chance(missShare)
    const text = isFound
      ? mailAddress(draw)
      : `${draw.hex(6)}.${draw.pick(['info', 'user', 'list', 'smith', 'admin'])}@${mailDomain(draw)}`
    const found = isFound ? [keys.wanted(draw)] : []
    const answer =
      gateway.style === 'path'
        ? yield plain(asker, atMs, {
            target: `/get/${text}`,
            intent: { kind: 'lookup', op: 'get', search: text, form: 'armour', certificates: found }
          })
        : yield lookup(asker, atMs, { search: { text, found }, style: gateway.style })
    const gap = gapMs({ gapMs: 1000 / gateway.pace / rhythm(atMs), variation }, draw)
    // One thread: it waits while it is held in the tarpit.
    atMs = Math.max(answer.endMs + 5, atMs + gap)
  }
}
