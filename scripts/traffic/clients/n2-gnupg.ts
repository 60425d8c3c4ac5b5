/** N2: GnuPG asks for one certificate, or looks for a mail address. */
import type { Activity, Client } from '../client.ts'
import { arrivals, dailyRhythm } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { mailAddress } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { agentOf, gnupg } from './agents.ts'
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
  mailShare: {
    name: 'mailShare',
    unit: 'share of visits',
    shape: 'uniform',
    min: 0.05,
    max: 0.35,
    source: "assumed: mail programs and extensions that look for the keys of a message's receivers"
  },
  ...CROWD_PARAMETERS
} satisfies Record<string, Parameter>
/** One in eighty reads an archive of signed mail with auto-key-retrieve. */
const REQUESTS_PER_VISIT = 2.1
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
  const mailShare = drawn.value(PARAMETERS.mailShare)
  const visits = {
    ...world.span,
    perSecond: perSecond / REQUESTS_PER_VISIT,
    rhythm: dailyRhythm(0.5, 14)
  }
  for (const startMs of arrivals(visits, draw)) {
    const own = draw.fork('visit')
    if (own.chance(mailShare)) {
      yield {
        className: 'N2',
        label: 'benign',
        campaign: 'mail-program',
        startMs,
        open: () => compose(world, { startMs, miss: day.miss }, own)
      }
      continue
    }
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
    [17, 3],
    [1.2, draw.between(8, 80)]
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

/** A mail program asks for the address of each receiver, most of whom have no certificate. */
function* compose(
  world: World,
  stay: { readonly startMs: number; readonly miss: number },
  draw: Draw
): Client {
  const asker: Asker = {
    source: world.places.user(draw),
    agent: agentOf('mailer', world.region, draw)
  }
  const isFast = draw.chance(0.4)
  const isMachineReadable = draw.chance(0.7)
  let atMs = stay.startMs
  for (let left = draw.pick([1, 1, 1, 2, 2, 3, 5, 8]); left > 0; left--) {
    const isFound = !draw.chance(0.3 + stay.miss)
    const answer = yield lookup(asker, atMs, {
      search: { text: mailAddress(draw), found: isFound ? [world.keys.wanted(draw)] : [] },
      style: {
        op: draw.chance(0.65) ? 'get' : 'index',
        ...(isMachineReadable ? { options: 'mr' } : {}),
        isExact: draw.chance(0.5)
      }
    })
    atMs = answer.endMs + draw.logNormal(isFast ? 300 : 12_000, 0.9)
  }
}
