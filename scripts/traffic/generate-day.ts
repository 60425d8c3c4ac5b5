/** One recording from one seed: logs, labels, the list of Tor exits, and a manifest that says that nothing of it is real. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backgroundOf } from './background.ts'
import { HOST } from './clients/agents.ts'
import type { DayFiles, DayOptions } from './day-options.ts'
import { Draw, hashOf } from './draw.ts'
import { HaproxyModel } from './haproxy/haproxy-model.ts'
import { KeyBase } from './keyserver/key-base.ts'
import { KeyserverModel } from './keyserver/keyserver-model.ts'
import { LabelBook } from './output/label-book.ts'
import { LineQueue, LogFile } from './output/line-queue.ts'
import { type Manifest, manifestOf, readmeOf } from './output/manifest.ts'
import { Populations } from './population/populations.ts'
import { activitiesOf, DAY_PARAMETERS, incidentsOf, SHAPES } from './scenario.ts'
import { simulate } from './simulation.ts'
import { Transit } from './transit.ts'
import { Drawn, type World } from './world.ts'

const HOUR_MS = 3_600_000
const FIRST_DAY_MS = Date.UTC(2026, 0, 5)
const DAYS = 330

export async function generateDay(options: DayOptions): Promise<Manifest> {
  const { out, region, scenario } = options
  await mkdir(out, { recursive: true })
  const draw = new Draw(hashOf(options.seed, `${region}/${scenario}`))
  const drawn = new Drawn(region, draw)
  const day = {
    load: drawn.value(DAY_PARAMETERS.load) * (options.intensity ?? 1),
    capacity: drawn.value(DAY_PARAMETERS.capacity),
    torExits: drawn.count(DAY_PARAMETERS.torExits),
    ipv6Share: drawn.value(DAY_PARAMETERS.ipv6Share),
    keyBase: drawn.count(DAY_PARAMETERS.keyBase)
  }
  const places = new Populations({
    seed: draw.fork('places').seed,
    torExits: day.torExits,
    carrierNats: 60,
    sharedNats: 5,
    ipv6Share: day.ipv6Share
  })
  const fromMs =
    FIRST_DAY_MS + draw.below(DAYS) * 24 * HOUR_MS + startHour(options.hours, draw) * HOUR_MS
  const keys = new KeyBase({ seed: draw.fork('keys').seed, size: day.keyBase })
  const world: World = {
    span: { fromMs, toMs: fromMs + options.hours * HOUR_MS },
    region,
    keys,
    places,
    draw: draw.fork('activities'),
    host: HOST
  }
  const files = openFiles(out, options.isGzip ?? false)
  const { counters, counts } = await play(world, { options, day }, files)
  for (const file of Object.values(files)) await file.end()
  await writeFile(join(out, 'tor_exit_relays.list'), `${places.torExits.join('\n')}\n`)
  const manifest = manifestOf({ options, world, drawn: drawn.values, counters, counts, files })
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  await writeFile(join(out, 'README.md'), readmeOf(manifest))
  return manifest
}

/** A short recording begins anywhere in the day. */
function startHour(hours: number, draw: Draw): number {
  return hours >= 24 ? 0 : draw.below(24)
}

function openFiles(out: string, isGzip: boolean): DayFiles {
  return {
    haproxy: new LogFile(join(out, 'haproxy.log'), isGzip),
    hockeypuck: new LogFile(join(out, 'hockeypuck.log'), isGzip),
    truth: new LogFile(join(out, 'truth.jsonl'), false),
    campaigns: new LogFile(join(out, 'campaigns.jsonl'), false)
  }
}

async function play(
  world: World,
  plan: {
    readonly options: DayOptions
    readonly day: { readonly load: number; readonly capacity: number }
  },
  files: DayFiles
) {
  const { options, day } = plan
  const shape = SHAPES[options.scenario]
  const { places, keys } = world
  const haproxyLog = new LineQueue(files.haproxy)
  const hockeypuckLog = new LineQueue(files.hockeypuck)
  const capacity = day.capacity * Math.max(1, (options.intensity ?? 1) * shape.load)
  const keyserver = new KeyserverModel({ capacity }, { keys, draw: world.draw.fork('keyserver') })
  const haproxy = new HaproxyModel({
    hosts: [HOST],
    torExits: new Set(places.torExits),
    isBehindProxy: shape.front !== 'none'
  })
  const edges = { none: [], cdn: places.cdnEdges, proxy: places.cdnEdges.slice(0, 1) }[shape.front]
  const transit = new Transit({
    haproxy,
    keyserver,
    haproxyLog,
    hockeypuckLog,
    draw: world.draw.fork('transit'),
    edges
  })
  const truth = new LineQueue(files.truth)
  const campaigns = new LineQueue(files.campaigns)
  const labels = new LabelBook(truth, campaigns)
  const queues = [haproxyLog, hockeypuckLog, truth, campaigns]
  const perSecond = day.load * shape.load
  const incidents = incidentsOf(world, { perDay: shape.incidentsPerDay, perSecond })
  const background = backgroundOf(
    world,
    { incidents, capacity },
    { haproxyLog, hockeypuckLog, keyserver, draw: world.draw.fork('background') }
  )
  const sources = activitiesOf(world, shape, {
    perSecond: day.load,
    abuse: options.abuse ?? 1,
    only: options.only
  })
  const counters = await simulate(sources, world.span, {
    transit,
    labels,
    background,
    flush: (untilMs) => flushAll(queues, untilMs)
  })
  return { counters, counts: labels.counts }
}

/** Undefined unless the disk must be waited for: awaiting nothing ten thousand times takes longer than writing. */
function flushAll(queues: readonly LineQueue[], untilMs: number): Promise<void> | undefined {
  const waiting = queues
    .map((queue) => queue.flush(untilMs))
    .filter((writing) => writing !== undefined)
  return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined)
}
