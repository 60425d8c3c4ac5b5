/** N1: people with a browser. The page with its style sheets, a search, a look at what it found. */
import type { Activity, Client } from '../client.ts'
import { arrivals, dailyRhythm, gapMs } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { mailAddress, personName } from '../keyserver/key-base.ts'
import type { Parameter } from '../parameter.ts'
import { type BenignModel, Drawn, type World } from '../world.ts'
import { agentOf, gnupg } from './agents.ts'
import { type Asker, byFingerprint, lookup, plain, type Search } from './asking.ts'

const PARAMETERS = {
  readingGap: {
    name: 'readingGap',
    unit: 's',
    shape: 'log-normal',
    median: 12,
    sigma: 0.35,
    min: 5,
    max: 40,
    source: 'contract §4.2 N1: gaps log-normal, median 12 s'
  },
  failShare: {
    name: 'failShare',
    unit: 'share of searches',
    shape: 'uniform',
    min: 0.1,
    max: 0.3,
    source: 'contract §4.2 N1: err 0.1–0.3'
  }
} satisfies Record<string, Parameter>
const REQUESTS_PER_VISIT = 6.3
/** What the start page pulls in, and how often a browser asks for it (recording). */
const FILES: readonly (readonly [target: string, bytes: number, share: number])[] = [
  ['/assets/bootstrap/3.3.7/css/bootstrap.min.css', 20_511, 1],
  ['/assets/bootstrap/3.3.7/fonts/glyphicons-halflings-regular.svg', 108_932, 1],
  ['/assets/bootstrap/3.3.7/fonts/glyphicons-halflings-regular.ttf', 45_592, 0.74],
  ['/assets/bootstrap/3.3.7/fonts/glyphicons-halflings-regular.woff2', 18_218, 0.55],
  ['/assets/css/pks.min.css', 2_058, 0.27],
  ['/favicon.ico', 395, 0.65]
]

/** What browsers and previews ask for by themselves, and what old links and guesses lead to. Publicly known; shares are assumed. */
const STRAYS = [
  '/apple-touch-icon.png',
  '/apple-touch-icon-precomposed.png',
  '/favicon.png',
  '/manifest.json',
  '/browserconfig.xml',
  '/.well-known/traffic-advice',
  '/index.html',
  '/pks/lookup.html',
  '/keyserver/',
  '/pks/',
  '/about',
  '/help.html'
]
const STRAY_SHARE = 0.06
const OLD_LINK_SHARE = 0.02
/** Web Key Directory: the same name may serve both (draft-koch-openpgp-webkey-service). */
const DIRECTORY_SHARE = 0.3

export const N1: BenignModel = {
  name: 'N1',
  title: 'people with a browser',
  parameters: PARAMETERS,
  plan
}

function* plan(world: World, perSecond: number): Generator<Activity, void, void> {
  const draw = world.draw.fork('N1')
  const drawn = new Drawn(world.region, draw)
  const day = {
    gap: drawn.value(PARAMETERS.readingGap) * 1000,
    fails: drawn.value(PARAMETERS.failShare)
  }
  const visits = {
    ...world.span,
    perSecond: perSecond / REQUESTS_PER_VISIT,
    rhythm: dailyRhythm(0.65, 15)
  }
  for (const startMs of arrivals(visits, draw)) {
    const own = draw.fork('visit')
    const isCrawler = own.chance(0.006)
    if (own.chance(OLD_LINK_SHARE)) {
      yield {
        className: 'N1',
        label: 'benign',
        campaign: 'old-link',
        startMs,
        open: () => stray(world, startMs, own)
      }
      continue
    }
    yield {
      className: 'N1',
      label: 'benign',
      campaign: isCrawler ? 'search-crawler' : 'web',
      startMs,
      open: () => (isCrawler ? crawl(world, startMs, own) : visit(world, { startMs, ...day }, own))
    }
  }
}

function* visit(
  world: World,
  stay: { startMs: number; gap: number; fails: number },
  draw: Draw
): Client {
  const agent = agentOf('browser', world.region, draw)
  const asker: Asker = { source: world.places.user(draw), agent }
  const referer = `${agent.isTls ? 'https' : 'http'}://${agent.host}/`
  let atMs = stay.startMs
  const pause = () => gapMs({ gapMs: stay.gap * 1.25, variation: 0.9 }, draw)
  if (draw.chance(0.7)) {
    let answer = yield plain(asker, atMs, {
      target: '/',
      intent: { kind: 'file', answerBytes: 14_241 }
    })
    for (const [target, answerBytes, share] of FILES) {
      if (!draw.chance(share)) continue
      atMs = answer.endMs + draw.uniform(1, 60)
      answer = yield plain(asker, atMs, {
        target,
        intent: { kind: 'file', answerBytes },
        isKept: true,
        referer
      })
    }
    if (draw.chance(STRAY_SHARE)) {
      const target = draw.pick(STRAYS)
      yield plain(asker, answer.endMs + 20, { target, intent: { kind: 'missing-file' }, referer })
    }
    atMs = answer.endMs + pause()
  }
  for (let left = draw.between(1, 3); left > 0; left--) {
    const isFound = !draw.chance(stay.fails)
    const found = searchOf(world, isFound, draw)
    if (draw.chance(0.05)) {
      yield plain(asker, atMs, {
        target: `/pks/lookup?search=${encodeURIComponent(found.text)}`,
        intent: { kind: 'bad-lookup', message: 'invalid operation ""', line: 98 },
        referer
      })
    } else if (draw.chance(0.07)) {
      yield plain(asker, atMs, {
        target: `/search/${encodeURIComponent(found.text)}`,
        intent: {
          kind: 'lookup',
          op: 'index',
          search: found.text,
          form: 'mr',
          certificates: found.found
        },
        referer
      })
    } else if (draw.chance(0.03)) {
      const intent = { kind: 'stats', form: 'html' } as const
      yield plain(asker, atMs, { target: '/pks/lookup?op=stats', intent, referer })
    } else {
      const op = draw.weighted<'index' | 'vindex' | 'get'>([
        [6, 'index'],
        [3, 'vindex'],
        [1, 'get']
      ])
      yield lookup(asker, atMs, { search: found, style: { op, isForm: true, referer } })
    }
    atMs += pause()
    const first = found.found[0]
    if (first !== undefined && draw.chance(0.45)) {
      const search = {
        text: byFingerprint(first, draw.chance(0.7) ? 16 : 40, false),
        found: [first]
      }
      yield lookup(asker, atMs, {
        search,
        style: { op: draw.chance(0.7) ? 'get' : 'vindex', referer }
      })
      atMs += pause()
    }
  }
}

function searchOf(world: World, isFound: boolean, draw: Draw): Search {
  const { keys } = world
  if (draw.chance(0.25)) {
    const certificate = keys.wanted(draw)
    return {
      text: byFingerprint(certificate, draw.chance(0.5) ? 16 : 40),
      found: isFound ? [certificate] : []
    }
  }
  if (draw.chance(0.45))
    return { text: mailAddress(draw), found: isFound ? [keys.wanted(draw)] : [] }
  const text = personName(draw)
  return { text, found: isFound ? [keys.any(draw), ...keys.named(3.5, draw)] : [] }
}

/** A link that leads nowhere any more, or a mail program that looks for a directory where a keyserver is. */
function* stray(world: World, startMs: number, draw: Draw): Client {
  const isDirectory = draw.chance(DIRECTORY_SHARE)
  const agent = isDirectory
    ? draw.pick([gnupg, () => agentOf('mailer', world.region, draw)])()
    : agentOf('browser', world.region, draw)
  const asker: Asker = { source: world.places.user(draw), agent }
  const hashed = () => `/.well-known/openpgpkey/hu/${draw.hex(32)}?l=${draw.hex(5)}`
  let atMs = startMs
  for (let left = draw.pick([1, 1, 1, 2, 3]); left > 0; left--) {
    const target = isDirectory ? hashed() : draw.pick(STRAYS)
    const answer = yield plain(asker, atMs, { target, intent: { kind: 'missing-file' } })
    atMs = answer.endMs + draw.logNormal(4_000, 1)
  }
}

/** A search engine reads robots.txt, the page and what it links to, politely. */
function* crawl(world: World, startMs: number, draw: Draw): Client {
  const agent = {
    ...agentOf('builder', world.region, draw),
    tool: 'searchbot',
    userAgent: 'Mozilla/5.0 (compatible; Searchbot/2.1; +http://search.example/bot.html)'
  }
  const asker: Asker = { source: world.places.serverIpv4(), agent }
  let atMs = startMs
  const pages: readonly (readonly [string, number | undefined])[] = [
    ['/robots.txt', 331],
    ['/', 14_241],
    ['/assets/', 325],
    ['/.well-known/security.txt', undefined],
    ['/sitemap.xml', undefined],
    ['/humans.txt', undefined]
  ]
  for (const [target, answerBytes] of pages) {
    yield plain(asker, atMs, {
      target,
      intent: answerBytes === undefined ? { kind: 'missing-file' } : { kind: 'file', answerBytes }
    })
    atMs += draw.logNormal(9_000, 0.5)
  }
}
