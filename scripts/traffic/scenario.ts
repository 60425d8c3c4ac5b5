/** What a day holds: how busy it is, which campaigns run when, what stands in front, and when the keyserver itself is in trouble. */
import { ABUSE_CLASSES, type Activity, type ClassName } from './client.ts'
import { ABUSE_MODELS, BENIGN_MODELS } from './clients/index.ts'
import type { Draw } from './draw.ts'
import type { Parameter } from './parameter.ts'
import {
  belongsTo,
  drawIn,
  EVASIONS,
  type Evasion,
  type Region,
  type ScenarioName
} from './regions.ts'
import type { AbuseModel, World } from './world.ts'

export const DAY_PARAMETERS = {
  load: {
    name: 'load',
    unit: 'harmless requests/s, mean of a day',
    shape: 'log-uniform',
    min: 2,
    max: 10,
    source: 'contract §5: about 10/s on a large verified server'
  },
  capacity: {
    name: 'capacity',
    unit: 'requests/s that the database bears',
    shape: 'log-uniform',
    min: 40,
    max: 400,
    source: 'recording: some tens on a small machine; more is assumed'
  },
  strainedCapacity: {
    name: 'strainedCapacity',
    unit: 'requests/s in an incident',
    shape: 'log-uniform',
    min: 0.15,
    max: 1.5,
    source: 'assumed: backup, vacuum, a full disk; times the load'
  },
  incident: {
    name: 'incident',
    unit: 's',
    shape: 'log-uniform',
    min: 30,
    max: 900,
    source: 'assumed; bursts of 500 seen in the recording'
  },
  torExits: {
    name: 'torExits',
    unit: 'addresses',
    shape: 'log-uniform',
    min: 600,
    max: 1_800,
    source: 'contract §4.1: many Tor exits; size of the public list, about 1200'
  },
  ipv6Share: {
    name: 'ipv6Share',
    unit: 'share of households',
    shape: 'uniform',
    min: 0.15,
    max: 0.5,
    source: 'assumed: published shares of IPv6 users are 0.3–0.5'
  },
  keyBase: {
    name: 'keyBase',
    unit: 'certificates',
    shape: 'log-uniform',
    min: 200_000,
    max: 6_000_000,
    source: 'contract §5: 3.5–5.8 M'
  }
} satisfies Record<string, Parameter>

/** Of harmless requests (contract §4.2: N4+N7 30 %, N2 25 %, N1 15 %; the rest about as recorded). N5 keeps its own clocks. */
const SHARES: Readonly<Partial<Record<ClassName, number>>> = {
  N1: 0.15,
  N2: 0.25,
  N3: 0.22,
  N4: 0.2,
  N6: 0.035,
  N7: 0.12
}

export interface ScenarioShape {
  /** Times the drawn load. */
  readonly load: number
  /** Campaigns of a class in 24 hours; at least one of each that is named, however short the recording. */
  readonly campaigns: Readonly<Partial<Record<ClassName, number>>>
  readonly incidentsPerDay: number
  readonly front: 'none' | 'cdn' | 'proxy'
}

const EVERY: Readonly<Partial<Record<ClassName, number>>> = Object.fromEntries(
  ABUSE_CLASSES.map((name) => [name, 3])
)
const UPLOADS = { A1: 3, A3: 3, A4: 24, A6: 3, A7: 2, A19: 2 }
const SCRAPES = { A8: 4, A9: 4, A10: 2, A11: 16, A13: 2 }

export const SHAPES: Readonly<Record<ScenarioName, ScenarioShape>> = {
  'mixed-day': { load: 1, campaigns: EVERY, incidentsPerDay: 0.5, front: 'none' },
  quiet: { load: 1, campaigns: {}, incidentsPerDay: 0, front: 'none' },
  'upload-swarm': { load: 1, campaigns: UPLOADS, incidentsPerDay: 0.5, front: 'none' },
  'scrape-swarm': { load: 1, campaigns: SCRAPES, incidentsPerDay: 0.5, front: 'none' },
  'busy-mirror': { load: 3, campaigns: { ...EVERY, A5: 1 }, incidentsPerDay: 1, front: 'none' },
  overload: { load: 1.5, campaigns: EVERY, incidentsPerDay: 12, front: 'none' },
  'behind-cdn': { load: 1, campaigns: EVERY, incidentsPerDay: 0.5, front: 'cdn' },
  'overload-under-attack': {
    load: 1,
    campaigns: { ...EVERY, A3: 6, A4: 6, A9: 6, A11: 6, A16: 6 },
    incidentsPerDay: 20,
    front: 'none'
  },
  'behind-proxy': { load: 1, campaigns: EVERY, incidentsPerDay: 0.5, front: 'proxy' }
}

const DAY_MS = 86_400_000
/** A campaign can begin anywhere in this part of the recording. */
const EARLIEST = 0.03
const LATEST = 0.7
const PLAIN_SHARE = 0.45

export interface DayFacts {
  readonly perSecond: number
  /** @default 1, as the scenario says */
  readonly abuse: number
  /** None by default: every class that the scenario names. */
  readonly only?: ReadonlySet<ClassName> | undefined
}

/** Streams of activities, each in the order of its starts. */
export function activitiesOf(
  world: World,
  shape: ScenarioShape,
  facts: DayFacts
): readonly Iterator<Activity>[] {
  const benign = BENIGN_MODELS.filter(({ name }) => isWanted(name, facts)).flatMap((model) => [
    model.plan(world, facts.perSecond * shape.load * (SHARES[model.name] ?? 0)),
    ...(model.crowds === undefined ? [] : [model.crowds(world)])
  ])
  const abuse = ABUSE_MODELS.filter(({ name }) => isWanted(name, facts)).map((model) =>
    campaignsOf(world, model, { perDay: (shape.campaigns[model.name] ?? 0) * facts.abuse })
  )
  return [...benign, ...abuse]
}

function isWanted(name: ClassName, facts: DayFacts): boolean {
  return facts.only?.has(name) ?? true
}

function campaignsOf(
  world: World,
  model: AbuseModel,
  plan: { perDay: number }
): Iterator<Activity> {
  const draw = world.draw.fork(`campaigns/${model.name}`)
  const { fromMs, toMs } = world.span
  const spanMs = toMs - fromMs
  const count = plan.perDay <= 0 ? 0 : Math.max(1, Math.round((plan.perDay * spanMs) / DAY_MS))
  const starts = Array.from(
    { length: count },
    () => fromMs + spanMs * draw.uniform(EARLIEST, LATEST)
  )
  const activities = starts
    .sort((a, b) => a - b)
    .map((startMs, i) => {
      const own = draw.fork(`${i + 1}`)
      return model.campaign(world, {
        id: `${model.name}-${i + 1}`,
        startMs,
        draw: own,
        evasion: evasionOf(model, world.region, own)
      })
    })
  return activities[Symbol.iterator]()
}

function evasionOf(model: AbuseModel, region: Region, draw: Draw): Evasion {
  const hidden = model.evasions.filter(
    (name) => name !== 'none' && belongsTo(EVASIONS[name], region)
  )
  return hidden.length === 0 || draw.chance(PLAIN_SHARE) ? 'none' : draw.pick(hidden)
}

export interface Incident {
  readonly fromMs: number
  readonly toMs: number
  readonly capacity: number
}

/** Times in which the database bears less than it is asked. */
export function incidentsOf(
  world: World,
  plan: { readonly perDay: number; readonly perSecond: number }
): readonly Incident[] {
  const draw = world.draw.fork('incidents')
  const { fromMs, toMs } = world.span
  const expected = (plan.perDay * (toMs - fromMs)) / DAY_MS
  const count = Math.floor(expected) + (draw.chance(expected % 1) ? 1 : 0)
  const incidents = Array.from({ length: count }, () => {
    const seconds = drawIn(world.region, DAY_PARAMETERS.incident, draw)
    const lengthMs = Math.min(seconds * 1000, (toMs - fromMs) * 0.2)
    const startMs = fromMs + (toMs - fromMs) * draw.uniform(0.02, 0.95)
    const capacity = plan.perSecond * drawIn(world.region, DAY_PARAMETERS.strainedCapacity, draw)
    return { fromMs: startMs, toMs: startMs + lengthMs, capacity }
  })
  return incidents.sort((a, b) => a.fromMs - b.fromMs)
}
