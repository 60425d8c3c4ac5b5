/** N7: mailing lists, mail filters and gateways ask for every address that they meet: regular, and mostly in vain. */
import type { Activity, Client } from '../client.ts'
import { dailyRhythm, gapMs } from '../clock/arrivals.ts'
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
  indexShare: {
    name: 'indexShare',
    unit: 'share of gateways',
    shape: 'uniform',
    min: 0.1,
    max: 0.35,
    source: 'recording: 2 of 10 use op=index, which the stock rules punish'
  }
} satisfies Record<string, Parameter>
const GATEWAYS_MIN = 5
const GATEWAYS_MAX = 40

export const N7: BenignModel = {
  name: 'N7',
  title: 'mailing lists and gateways',
  parameters: PARAMETERS,
  plan
}

function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N7')
  const indexShare = new Drawn(world.region, draw).value(PARAMETERS.indexShare)
  let left = perSecond
  for (let i = 0; i < GATEWAYS_MAX && (left > 0 || i < GATEWAYS_MIN); i++) {
    const own = draw.fork('gateway')
    const pace = new Drawn(world.region, own).value(PARAMETERS.pace)
    left -= pace
    const style: LookupStyle | 'path' = own.chance(indexShare)
      ? { op: 'index', options: 'mr' }
      : own.chance(0.3)
        ? 'path'
        : { op: 'get', options: 'mr', isExact: own.chance(0.4) }
    yield {
      className: 'N7',
      label: 'benign',
      campaign: 'gateway',
      startMs: world.span.fromMs,
      open: () => ask(world, { pace, style }, own)
    }
  }
}

function* ask(
  world: World,
  gateway: { pace: number; style: LookupStyle | 'path' },
  draw: Draw
): Client {
  const { keys, places, region, span } = world
  const drawn = new Drawn(region, draw)
  const variation = drawn.value(PARAMETERS.variation)
  const missShare = drawn.value(PARAMETERS.missShare)
  const asker: Asker = { source: places.server(draw), agent: agentOf('gateway', region, draw) }
  const rhythm = dailyRhythm(0.3, 14)
  let atMs = span.fromMs + draw.uniform(0, 1000 / gateway.pace)
  for (;;) {
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
