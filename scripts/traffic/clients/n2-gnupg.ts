/** N2: GnuPG asks for one certificate, or looks for a mail address. */
import type { Activity, Client } from '../client.ts'
import { arrivals, dailyRhythm } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { mailAddress } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { gnupg } from './agents.ts'
import { type Asker, byFingerprint, lookup, type Search } from './asking.ts'
import { announcements, CROWD_PARAMETERS } from './crowds.ts'

const PARAMETERS = {
  missShare: {
    name: 'missShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0.1,
    max: 0.4,
    source: 'contract §4.2 N2: err 0.1–0.4; recording: 0.22'
  },
  fingerprintShare: {
    name: 'fingerprintShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0.6,
    max: 0.8,
    source: 'contract §4.2 N2: fingerprint 70 %, e-mail 30 %'
  },
  ...CROWD_PARAMETERS
} satisfies Record<string, Parameter>
const REQUESTS_PER_VISIT = 1.65
/** A few of the visits come from behind an address that an abuser shares. */
const SHARED_SHARE = 0.006

export const N2: BenignModel = {
  name: 'N2',
  title: 'single lookups by GnuPG',
  parameters: PARAMETERS,
  plan,
  crowds: announcements
}

function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N2')
  const drawn = new Drawn(world.region, draw)
  const day = {
    miss: drawn.value(PARAMETERS.missShare),
    byKey: drawn.value(PARAMETERS.fingerprintShare)
  }
  const visits = {
    ...world.span,
    perSecond: perSecond / REQUESTS_PER_VISIT,
    rhythm: dailyRhythm(0.5, 14)
  }
  for (const startMs of arrivals(visits, draw)) {
    const own = draw.fork('visit')
    const isShared = world.places.sharedNats.length > 0 && own.chance(SHARED_SHARE)
    yield {
      className: 'N2',
      label: isShared ? 'mixed' : 'benign',
      campaign: isShared ? 'shared-nat-good' : 'gpg-lookup',
      startMs,
      open: () => visit(world, { startMs, ...day, isShared }, own)
    }
  }
}

function* visit(
  world: World,
  stay: { startMs: number; miss: number; byKey: number; isShared: boolean },
  draw: Draw
): Client {
  const { places, keys } = world
  const source = stay.isShared ? draw.pick(places.sharedNats) : places.user(draw)
  const asker: Asker = { source, agent: gnupg() }
  let atMs = stay.startMs
  const count = draw.weighted([
    [55, 1],
    [28, 2],
    [17, 3]
  ])
  for (let i = 0; i < count; i++) {
    const isFound = !draw.chance(stay.miss)
    const certificate = keys.wanted(draw)
    const isByKey = draw.chance(stay.byKey)
    const search: Search = {
      text: isByKey ? byFingerprint(certificate, draw.chance(0.9) ? 40 : 16) : mailAddress(draw),
      found: isFound ? [certificate] : []
    }
    const isSearch = !isByKey && draw.chance(0.3)
    const answer = yield lookup(asker, atMs, {
      search,
      style: isSearch
        ? { op: 'index', options: 'mr', isForm: false }
        : { op: 'get', options: 'mr', isExact: !isByKey }
    })
    atMs =
      answer.endMs + (draw.chance(0.4) ? draw.logNormal(900, 0.8) : draw.logNormal(25_000, 1.1))
  }
}
