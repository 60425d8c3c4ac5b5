/** N3: `gpg --refresh-keys`, a whole keyring one after the other. Looks like a scrape and is none. */
import type { Activity, Client } from '../client.ts'
import { arrivals, dailyRhythm, gapMs } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { gnupg } from './agents.ts'
import { type Asker, byFingerprint, lookup } from './asking.ts'

const PARAMETERS = {
  ringSize: {
    name: 'ringSize',
    unit: 'certificates',
    shape: 'log-normal',
    median: 40,
    sigma: 0.85,
    min: 5,
    max: 600,
    source: 'contract §4.2 N3: log-normal, median 40, 20–500 requests; a little wider is assumed'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.3,
    max: 16,
    source:
      'contract §4.2 N3: 0.3–3/s; up to the round trip on a near server: GnuPG waits for nothing else'
  },
  variation: {
    name: 'variation',
    unit: 'std/mean of gaps',
    shape: 'uniform',
    min: 0.2,
    max: 0.6,
    source: 'contract §4.2 N3: CV 0.2–0.6'
  },
  missShare: {
    name: 'missShare',
    unit: 'share of a ring',
    shape: 'log-uniform',
    min: 0.05,
    max: 0.4,
    source: 'contract §4.2 N3: err 0.05–0.4'
  },
  circleShare: {
    name: 'circleShare',
    unit: 'share of a ring',
    shape: 'uniform',
    min: 0,
    max: 0.85,
    source: 'assumed: developers hold each other, and those whom everybody has signed'
  }
} satisfies Record<string, Parameter>
const REQUESTS_PER_VISIT = 56

export const N3: BenignModel = {
  name: 'N3',
  title: 'refreshing a keyring',
  parameters: PARAMETERS,
  plan
}

function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N3')
  const visits = {
    ...world.span,
    perSecond: perSecond / REQUESTS_PER_VISIT,
    rhythm: dailyRhythm(0.35, 12)
  }
  for (const startMs of arrivals(visits, draw)) {
    const own = draw.fork('ring')
    yield {
      className: 'N3',
      label: 'benign',
      campaign: 'refresh',
      startMs,
      open: () => refresh(world, startMs, own)
    }
  }
}

function* refresh(world: World, startMs: number, draw: Draw): Client {
  const drawn = new Drawn(world.region, draw)
  const size = drawn.count(PARAMETERS.ringSize)
  const pace = {
    gapMs: 1000 / drawn.value(PARAMETERS.pace),
    variation: drawn.value(PARAMETERS.variation)
  }
  const missShare = drawn.value(PARAMETERS.missShare)
  const circleShare = drawn.value(PARAMETERS.circleShare)
  const asker: Asker = { source: world.places.user(draw), agent: gnupg() }
  let atMs = startMs
  for (let i = 0; i < size; i++) {
    const certificate = draw.chance(circleShare) ? world.keys.wellKnown(draw) : world.keys.any(draw)
    const search = {
      text: byFingerprint(certificate),
      found: draw.chance(missShare) ? [] : [certificate]
    }
    const answer = yield lookup(asker, atMs, { search, style: { op: 'get', options: 'mr' } })
    atMs = Math.max(answer.endMs + 2, atMs + gapMs(pace, draw))
  }
}
