/** A14 and A15: programs that try every door of a web server, and such that put code where a search belongs. */
import type { Client, ClientRequest } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import type { AbuseModel, CampaignSlot, Drawn, World } from '../world.ts'
import { type Asker, plain } from './asking.ts'
import { Attacker, abuseModel } from './attacker.ts'
import { PAYLOADS, scanPaths } from './word-lists.ts'

const SCAN = {
  requests: {
    name: 'requests',
    unit: 'per source',
    shape: 'log-uniform',
    min: 8,
    max: 600,
    source: 'contract §4.2 A14: 5–100 paths; recording: 14–155'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.06,
    max: 300,
    source: 'recording: 0.06/s (tarpitted) to 300/s (dirb)'
  },
  wrongHost: {
    name: 'wrongHost',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0,
    max: 1,
    source: 'contract §4.2 A14: wrong Host; recording: half of the tools'
  },
  garbageShare: {
    name: 'garbageShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0,
    max: 0.3,
    source: 'recording: nmap, 25 of 73'
  }
} satisfies Record<string, Parameter>
const INJECT = {
  requests: {
    name: 'requests',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 12,
    max: 400,
    source: 'contract §4.2 A15: 1–100; recording: 30, 56'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.08,
    max: 8,
    source: 'recording: 0.16–0.2/s; assumed wider'
  },
  probeShare: {
    name: 'probeShare',
    unit: 'share of harmless probes',
    shape: 'uniform',
    min: 0,
    max: 0.4,
    source: 'recording: sqlmap repeats the unchanged request'
  }
} satisfies Record<string, Parameter>

export const A14: AbuseModel = abuseModel(
  {
    name: 'A14',
    description: 'path scanner',
    title: 'scanners of web servers',
    parameters: SCAN,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'agent-rotation',
      'browser-mimicry',
      'bursts'
    ]
  },
  scan
)

export const A15: AbuseModel = abuseModel(
  {
    name: 'A15',
    description: 'injection payloads in search, op, options and path',
    title: 'injection into searches',
    parameters: INJECT,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'agent-rotation',
      'gpg-mimicry',
      'browser-mimicry',
      'prefix-rotation'
    ]
  },
  inject
)

function* scan(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'scanner',
    meanGapMs: 1000 / drawn.value(SCAN.pace),
    variation: 0.5
  })
  const wrongHost = drawn.value(SCAN.wrongHost)
  const garbage = drawn.value(SCAN.garbageShare)
  const paths = scanPaths(world.region)
  const isParallel = draw.chance(0.5)
  const host = draw.pick(['', '203.0.113.5:80', '127.0.0.1', 'www.example', '192.0.2.7'])
  let atMs = slot.startMs
  for (let left = drawn.count(SCAN.requests); left > 0; left--) {
    const asker = attacker.asker()
    const answer = yield draw.chance(garbage)
      ? plain(asker, atMs, {
          target: '',
          intent: { kind: draw.chance(0.9) ? 'garbage' : 'handshake-failure' }
        })
      : probe(
          asker,
          { atMs, host: draw.chance(wrongHost) ? host : undefined, path: pathFrom(paths, draw) },
          draw
        )
    atMs = (isParallel ? atMs : answer.endMs) + attacker.pause(answer)
  }
}

function pathFrom(paths: readonly string[], draw: CampaignSlot['draw']): string {
  const path = draw.pick(paths)
  if (draw.chance(0.6)) return path
  return draw.chance(0.5)
    ? `${path}.bak`
    : `/${draw.hex(draw.between(4, 9))}${draw.pick(['', '.php', '/', '.txt'])}`
}

function probe(
  asker: Asker,
  at: { atMs: number; host: string | undefined; path: string },
  draw: CampaignSlot['draw']
): ClientRequest {
  const method = draw.weighted([
    [80, 'GET'],
    [8, 'HEAD'],
    [5, 'OPTIONS'],
    [4, 'POST'],
    [2, 'PROPFIND'],
    [1, 'PUT']
  ])
  const isRoot = draw.chance(0.06)
  const request = plain(asker, at.atMs, {
    method,
    target: isRoot ? '/' : at.path,
    intent: isRoot ? { kind: 'file', answerBytes: 14_241 } : { kind: 'missing-file' }
  })
  return at.host === undefined ? request : { ...request, host: at.host }
}

function* inject(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'injector',
    meanGapMs: 1000 / drawn.value(INJECT.pace),
    variation: 0.6
  })
  const probeShare = drawn.value(INJECT.probeShare)
  const payloads = PAYLOADS[world.region]
  let atMs = slot.startMs
  for (let left = drawn.count(INJECT.requests); left > 0; left--) {
    const payload = draw.chance(probeShare)
      ? ''
      : `${draw.pick(payloads)}${draw.chance(0.3) ? draw.below(9_999) : ''}`
    const answer = yield injection(world, attacker.asker(), { atMs, payload, draw })
    atMs = answer.endMs + attacker.pause(answer)
  }
}

function injection(
  world: World,
  asker: Asker,
  what: { atMs: number; payload: string; draw: CampaignSlot['draw'] }
): ClientRequest {
  const { atMs, payload, draw } = what
  const encoded = encodeURIComponent(payload)
  const op = draw.chance(0.7) ? 'index' : 'get'
  const none = {
    kind: 'lookup',
    op: 'index',
    search: `bob${payload}`,
    form: 'html',
    certificates: []
  } as const
  const bob = {
    ...none,
    search: 'bob',
    certificates: [world.keys.any(draw), ...world.keys.named(60, draw)]
  }
  if (payload === '')
    return plain(asker, atMs, { target: '/pks/lookup?op=index&search=bob', intent: bob })
  switch (
    draw.weighted([
      [6, 'search'],
      [2, 'op'],
      [2, 'options'],
      [2, 'path']
    ] as const)
  ) {
    case 'search':
      return plain(asker, atMs, {
        target: `/pks/lookup?op=${op}&search=bob${encoded}`,
        intent: draw.chance(0.9)
          ? { ...none, op }
          : {
              kind: 'database-error',
              message: 'pq: invalid byte sequence for encoding "UTF8": 0x00'
            }
      })
    case 'op':
      return plain(asker, atMs, {
        target: `/pks/lookup?op=${encoded}&search=a`,
        intent: {
          kind: 'bad-lookup',
          message: `invalid operation ${JSON.stringify(payload)}`,
          line: 98
        }
      })
    case 'options':
      return plain(asker, atMs, {
        target: `/pks/lookup?op=index&options=${encoded}&search=bob`,
        intent: bob
      })
    case 'path':
      return plain(asker, atMs, {
        target: `/search/${encoded}`,
        intent: { ...none, search: payload, form: 'mr' }
      })
  }
}
