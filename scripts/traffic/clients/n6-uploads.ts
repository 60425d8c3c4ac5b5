/** N6: people who upload what is theirs, look whether it is there, and sometimes upload it again. */
import type { Activity, Agent, Client } from '../client.ts'
import { arrivals, dailyRhythm } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { lengthAt } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { agentOf, gnupg, thunderbird } from './agents.ts'
import { type Asker, byFingerprint, lookup, plain, type Upload, upload } from './asking.ts'
import { gatherings, PARTY_PARAMETERS, TEAM_PARAMETERS } from './crowds.ts'

const PARAMETERS = {
  resubmitShare: {
    name: 'resubmitShare',
    unit: 'share of uploads',
    shape: 'uniform',
    min: 0.15,
    max: 0.45,
    source: 'contract §4.2 N6: resubmits (ignored) common; recording: 0.24'
  },
  updateShare: {
    name: 'updateShare',
    unit: 'share of uploads',
    shape: 'uniform',
    min: 0.1,
    max: 0.35,
    source: 'recording: 0.14; assumed wider'
  },
  severalShare: {
    name: 'severalShare',
    unit: 'share of visits',
    shape: 'uniform',
    min: 0.05,
    max: 0.25,
    source: 'assumed: several identities, or the new certificate and the revoked old one'
  },
  ...TEAM_PARAMETERS,
  ...PARTY_PARAMETERS
} satisfies Record<string, Parameter>
const REQUESTS_PER_VISIT = 2.6
/** The form with what it pulls in, as in N1. */
const PAGE: readonly (readonly [target: string, bytes: number])[] = [
  ['/', 14_241],
  ['/assets/bootstrap/3.3.7/css/bootstrap.min.css', 20_511],
  ['/assets/bootstrap/3.3.7/fonts/glyphicons-halflings-regular.svg', 108_932],
  ['/favicon.ico', 395]
]

export const N6: BenignModel = {
  name: 'N6',
  title: 'people who upload their own',
  parameters: PARAMETERS,
  plan,
  crowds: gatherings
}

function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N6')
  const drawn = new Drawn(world.region, draw)
  const day = {
    resubmit: drawn.value(PARAMETERS.resubmitShare),
    update: drawn.value(PARAMETERS.updateShare),
    several: drawn.value(PARAMETERS.severalShare)
  }
  const visits = {
    ...world.span,
    perSecond: perSecond / REQUESTS_PER_VISIT,
    rhythm: dailyRhythm(0.6, 15)
  }
  for (const startMs of arrivals(visits, draw)) {
    const own = draw.fork('visit')
    const isAdmin = own.chance(0.004)
    yield {
      className: 'N6',
      label: 'benign',
      campaign: isAdmin ? 'admin-delete' : 'upload',
      startMs,
      open: () =>
        isAdmin ? administer(world, startMs, own) : visit(world, { startMs, ...day }, own)
    }
  }
}

function* visit(
  world: World,
  stay: { startMs: number; resubmit: number; update: number; several: number },
  draw: Draw
): Client {
  const { keys, places } = world
  const agent = draw.weighted<() => Agent>([
    [45, gnupg],
    [20, () => thunderbird(draw)],
    [18, () => agentOf('browser', world.region, draw)],
    [17, () => agentOf('builder', world.region, draw)]
  ])()
  const asker: Asker = { source: places.user(draw), agent }
  const isNew = !draw.chance(stay.update + stay.resubmit)
  const certificate = isNew
    ? keys.create(
        draw.chance(0.3) ? draw.uniform(230, 900) : lengthAt(0.02 + 0.93 * draw.next()),
        draw
      )
    : keys.any(draw)
  const change: Upload = isNew
    ? { inserted: [certificate], sentBytes: certificate.lengthBytes }
    : draw.chance(stay.update / (stay.update + stay.resubmit))
      ? { updated: [certificate], sentBytes: certificate.lengthBytes }
      : { ignored: [certificate], sentBytes: certificate.lengthBytes }
  const referer =
    agent.acceptLanguage === ''
      ? {}
      : { referer: `${agent.isTls ? 'https' : 'http'}://${agent.host}/` }
  let atMs = stay.startMs
  if (agent.acceptLanguage !== '' && draw.chance(0.7)) {
    for (const [target, answerBytes] of PAGE) {
      const intent = { kind: 'file', answerBytes } as const
      const page = yield plain(asker, atMs, { target, intent, isKept: target !== '/' })
      atMs = page.endMs + draw.uniform(1, 40)
    }
    atMs += draw.logNormal(14_000, 0.6)
  }
  let answer = yield upload(asker, atMs, { ...change, ...referer })
  if (draw.chance(stay.resubmit)) {
    atMs = answer.endMs + draw.logNormal(8_000, 0.9)
    answer = yield upload(asker, atMs, {
      ignored: [certificate],
      sentBytes: certificate.lengthBytes,
      ...referer
    })
  }
  // What one program made for one person has nearly one length.
  const isAlike = isNew && draw.chance(0.6)
  for (let left = draw.chance(stay.several) ? draw.between(1, 5) : 0; left > 0; left--) {
    const another = keys.create(
      isAlike
        ? certificate.lengthBytes * draw.uniform(0.96, 1.06)
        : lengthAt(0.01 + 0.94 * draw.next()),
      draw
    )
    atMs = answer.endMs + draw.logNormal(11_000, 1)
    const sent = { inserted: [another], sentBytes: another.lengthBytes, ...referer }
    answer = yield upload(asker, atMs, sent)
  }
  if (draw.chance(0.5)) {
    atMs = answer.endMs + draw.logNormal(14_000, 0.8)
    yield lookup({ ...asker, agent: draw.chance(0.7) ? gnupg() : agent }, atMs, {
      search: { text: byFingerprint(certificate), found: [certificate] },
      style: { op: 'get', options: 'mr' }
    })
  }
}

/** The operator deletes or replaces, signed by the key in the configuration. */
function* administer(world: World, startMs: number, draw: Draw): Client {
  const agent = {
    ...agentOf('builder', world.region, draw),
    tool: 'curl',
    userAgent: 'curl/7.88.1'
  }
  const asker: Asker = { source: world.places.serverIpv4(), agent }
  let atMs = startMs
  for (let left = draw.between(1, 5); left > 0; left--) {
    const isDelete = draw.chance(0.7)
    const certificate = world.keys.any(draw)
    const request = plain(asker, atMs, {
      method: 'POST',
      target: isDelete ? '/pks/delete' : '/pks/replace',
      intent: isDelete ? { kind: 'delete' } : { kind: 'replace', updated: [certificate] }
    })
    yield { ...request, bodyBytes: Math.round(certificate.lengthBytes * 1.5) + 900 }
    atMs += draw.logNormal(25_000, 0.6)
  }
}
