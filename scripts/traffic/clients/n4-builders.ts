/** N4: build machines behind one address fetch the same few signing certificates again and again, in bursts. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Activity, Agent, Client } from '../client.ts'
import { arrivals, dailyRhythm } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import type { Certificate } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { agentOf, gnupg } from './agents.ts'
import { byFingerprint, lookup } from './asking.ts'

const PARAMETERS = {
  burstSize: {
    name: 'burstSize',
    unit: 'requests',
    shape: 'log-normal',
    median: 26,
    sigma: 0.8,
    min: 4,
    max: 220,
    source: 'recording: about 40 requests a source; contract §4.2 N4: bursts'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s in a burst',
    shape: 'log-uniform',
    min: 0.1,
    max: 4,
    source:
      'contract §4.2 N4: 0.1–5/s; above 4 the stock rules would refuse, which the recording never shows'
  },
  certificates: {
    name: 'certificates',
    unit: 'per site',
    shape: 'uniform',
    min: 1,
    max: 5,
    source: 'contract §4.2 N4: the same ≤5 fingerprints'
  },
  wrongShare: {
    name: 'wrongShare',
    unit: 'share of sites',
    shape: 'uniform',
    min: 0.05,
    max: 0.2,
    source:
      'assumed: a script that asks for a mistyped, withdrawn or never published key id, forever'
  },
  retryGap: {
    name: 'retryGap',
    unit: 's between its attempts',
    shape: 'log-uniform',
    min: 3,
    max: 300,
    source: 'assumed: sleep in a loop, or a container that is started again'
  },
  listShare: {
    name: 'listShare',
    unit: 'share of sites',
    shape: 'uniform',
    min: 0.05,
    max: 0.3,
    source:
      "assumed: image recipes that fetch a release team's certificates one after the other, as listed"
  },
  listLength: {
    name: 'listLength',
    unit: 'certificates',
    shape: 'log-uniform',
    min: 3,
    max: 24,
    source: 'assumed: release teams of language runtimes have about so many members'
  },
  newShare: {
    name: 'newShare',
    unit: 'share of bursts',
    shape: 'uniform',
    min: 0.3,
    max: 1,
    source: 'assumed: from an address that never came before; hosted runners have another each time'
  },
  runners: {
    name: 'runners',
    unit: 'projects',
    shape: 'uniform',
    min: 0,
    max: 4,
    source: 'assumed: whose jobs run on hosted machines and fetch the same certificate each time'
  },
  runnerGap: {
    name: 'runnerGap',
    unit: 's between the jobs of a project',
    shape: 'log-uniform',
    min: 1.5,
    max: 300,
    source: 'assumed'
  },
  mixedShare: {
    name: 'mixedShare',
    unit: 'share of sites',
    shape: 'uniform',
    min: 0.1,
    max: 0.4,
    source: 'assumed: jobs of several images, each with its own program, behind one address'
  }
} satisfies Record<string, Parameter>
const REQUESTS_PER_BURST = 26
const SITES_MAX = 4_000
const LISTS = 6
/** `curl --retry` and loops in scripts: a keyserver that fails is asked again soon. */
const RETRY_SHARE = 0.7
const CLUMPED_FROM_MS = 600

interface Site {
  readonly source: AddressText
  /** Of which one is taken for each request; mostly the same. */
  readonly agents: readonly Agent[]
  /** Whether what it asks for is nowhere. */
  readonly isWrong: boolean
  /** Whether its certificates are fetched in their order, not picked. */
  readonly isList: boolean
  readonly certificates: readonly Certificate[]
  readonly forwardedFor: string | undefined
  readonly isUpper: boolean
}

export const N4: BenignModel = {
  name: 'N4',
  title: 'build machines behind one address',
  parameters: PARAMETERS,
  plan,
  crowds: runners
}

/** Hosted machines: each job comes from an address of its own, and all of a project ask for the same. */
function* runners(world: World): Generator<Activity, void, void> {
  const draw = world.draw.fork('runners')
  const { fromMs, toMs } = world.span
  const jobs: { startMs: number; agent: Agent; certificate: Certificate; draw: Draw }[] = []
  for (let left = new Drawn(world.region, draw).count(PARAMETERS.runners); left > 0; left--) {
    const own = draw.fork('project')
    const gapMs = new Drawn(world.region, own).value(PARAMETERS.runnerGap) * 1000
    const certificate = world.keys.wanted(own)
    const agent = own.chance(0.25) ? gnupg() : agentOf('builder', world.region, own)
    for (let atMs = fromMs + own.exponential(gapMs); atMs < toMs; atMs += own.exponential(gapMs)) {
      jobs.push({ startMs: atMs, agent, certificate, draw: own.fork('job') })
    }
  }
  for (const job of jobs.sort((a, b) => a.startMs - b.startMs)) {
    yield {
      className: 'N4',
      label: 'benign',
      campaign: 'hosted-runner',
      startMs: job.startMs,
      open: () => run(world, job)
    }
  }
}

function* run(
  world: World,
  job: { startMs: number; agent: Agent; certificate: Certificate; draw: Draw }
): Client {
  const { agent, certificate, draw } = job
  const asker = { source: world.places.server(draw), agent }
  let atMs = job.startMs
  for (let left = draw.pick([1, 1, 2, 4]); left > 0; left--) {
    const answer = yield lookup(asker, atMs, {
      search: { text: byFingerprint(certificate, 40, agent.tool === 'gpg'), found: [certificate] },
      style: { op: 'get', ...(agent.tool === 'gpg' ? { options: 'mr' } : {}) }
    })
    atMs = answer.endMs + draw.logNormal(answer.status >= 500 ? 400 : 1_500, 1.2)
  }
}

function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N4')
  const sites: Site[] = []
  const day = new Drawn(world.region, draw)
  const shares = {
    wrong: day.value(PARAMETERS.wrongShare),
    list: day.value(PARAMETERS.listShare),
    mixed: day.value(PARAMETERS.mixedShare)
  }
  const newShare = day.value(PARAMETERS.newShare)
  const lists = Array.from({ length: LISTS }, () => newList(world, draw.fork('list')))
  const bursts = {
    ...world.span,
    perSecond: perSecond / REQUESTS_PER_BURST,
    rhythm: dailyRhythm(0.75, 13)
  }
  for (const startMs of arrivals(bursts, draw)) {
    const own = draw.fork('burst')
    if (own.chance(0.35)) {
      yield {
        className: 'N4',
        label: 'benign',
        campaign: 'real-client',
        startMs,
        open: () => single(world, startMs, own)
      }
      continue
    }
    const isNew = sites.length < SITES_MAX && own.chance(newShare)
    const site =
      isNew || sites.length === 0 ? newSite(world, { ...shares, lists }, own) : own.pick(sites)
    if (isNew || sites.length === 0) sites.push(site)
    yield {
      className: 'N4',
      label: 'benign',
      campaign: site.isWrong ? 'ci-wrong-key' : 'ci-nat',
      startMs,
      open: () => burst(world, { site, startMs }, own)
    }
  }
}

interface SiteShares {
  readonly wrong: number
  readonly list: number
  readonly mixed: number
  readonly lists: readonly (readonly Certificate[])[]
}

/** Some recipes keep it sorted. */
function newList(world: World, draw: Draw): readonly Certificate[] {
  const length = new Drawn(world.region, draw).count(PARAMETERS.listLength)
  const list = Array.from({ length }, () => world.keys.wanted(draw))
  return draw.chance(0.3) ? list.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)) : list
}

function newSite(world: World, shares: SiteShares, draw: Draw): Site {
  const drawn = new Drawn(world.region, draw)
  const isWrong = draw.chance(shares.wrong)
  const isList = !isWrong && draw.chance(shares.list)
  const count = isWrong && draw.chance(0.8) ? 1 : drawn.count(PARAMETERS.certificates)
  const newAgent = () => (draw.chance(0.18) ? gnupg() : agentOf('builder', world.region, draw))
  const agents = Array.from(
    { length: draw.chance(shares.mixed) ? draw.between(2, 5) : 1 },
    newAgent
  )
  return {
    source: world.places.server(draw),
    agents,
    isWrong,
    isList,
    isUpper: agents[0]?.tool === 'gpg' || draw.chance(0.6),
    certificates: isList
      ? draw.pick(shares.lists)
      : Array.from({ length: count }, () => world.keys.wanted(draw)),
    // A company's own proxy tells whom it speaks for.
    forwardedFor: draw.chance(0.12)
      ? `10.${draw.below(256)}.${draw.below(256)}.${draw.between(1, 254)}`
      : undefined
  }
}

function* burst(world: World, visit: { site: Site; startMs: number }, draw: Draw): Client {
  const { site } = visit
  const drawn = new Drawn(world.region, draw)
  const size = drawn.count(PARAMETERS.burstSize)
  const retryMs = drawn.value(PARAMETERS.retryGap) * 1000
  const meanMs = 1000 / drawn.value(PARAMETERS.pace)
  const isLoop = site.isWrong && draw.chance(0.8)
  let atMs = visit.startMs
  for (let i = 0; i < size; i++) {
    const listed = site.isList ? site.certificates[i % site.certificates.length] : undefined
    const certificate = listed ?? draw.pick(site.certificates)
    const agent = draw.pick(site.agents)
    const asker = { source: site.source, agent }
    const isShort = agent.tool === 'apt' || draw.chance(0.15)
    const answer = yield lookup(asker, atMs, {
      search: {
        text: byFingerprint(certificate, isShort ? 16 : 40, site.isUpper),
        found: site.isWrong || draw.chance(0.01) ? [] : [certificate]
      },
      style: {
        op: 'get',
        ...(agent.tool === 'gpg' || draw.chance(0.3) ? { options: 'mr' } : {}),
        ...(site.forwardedFor === undefined ? {} : { forwardedFor: site.forwardedFor })
      }
    })
    if (answer.status >= 500 && draw.chance(RETRY_SHARE)) {
      atMs = answer.endMs + draw.logNormal(180, 1.4)
      continue
    }
    if (isLoop) {
      atMs += retryMs * (1 + draw.normal() * 0.03)
      continue
    }
    // Jobs start together: clumps with pauses between, so the gaps vary more than a Poisson process's.
    atMs +=
      meanMs > CLUMPED_FROM_MS && draw.chance(0.75)
        ? draw.exponential(meanMs * 0.35)
        : draw.exponential(meanMs * (meanMs > CLUMPED_FROM_MS ? 2.95 : 1))
  }
}

/** Somebody's script, once. */
function* single(world: World, startMs: number, draw: Draw): Client {
  const agent = agentOf('builder', world.region, draw)
  const asker = { source: world.places.user(draw), agent }
  const certificate = world.keys.wanted(draw)
  let atMs = startMs
  for (
    let left = draw.weighted([
      [6, 1],
      [2, 2],
      [1, 3]
    ]);
    left > 0;
    left--
  ) {
    const answer = yield lookup(asker, atMs, {
      search: {
        text: byFingerprint(certificate, 40, false),
        found: draw.chance(0.05) ? [] : [certificate]
      },
      style: { op: 'get', isKept: atMs > startMs }
    })
    atMs = answer.endMs + draw.logNormal(answer.status >= 500 ? 120 : 8, 1.3)
    if (answer.status >= 500 && draw.chance(RETRY_SHARE)) left++
  }
}
