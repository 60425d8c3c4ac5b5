/** A16: connections are held: headers or bodies that never end, answers that nobody takes, or requests by the dozen at once. */
import type { Client, ClientRequest } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { type Asker, byFingerprint, lookup, plain } from './asking.ts'
import { Attacker, campaign } from './attacker.ts'

const PARAMETERS = {
  connections: {
    name: 'connections',
    unit: 'per wave',
    shape: 'log-uniform',
    min: 20,
    max: 400,
    source: 'contract §4.2 A16: ≥80; recordings: 35–90'
  },
  openingGap: {
    name: 'openingGap',
    unit: 'ms between connections',
    shape: 'log-uniform',
    min: 10,
    max: 600,
    source: 'recordings: 2–15 connections/s (slowhttptest -r); faster is assumed'
  },
  waveGap: {
    name: 'waveGap',
    unit: 's',
    shape: 'log-uniform',
    min: 8,
    max: 240,
    source: 'assumed; HAProxy gives up on headers after 5 s (recording)'
  },
  waves: {
    name: 'waves',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 1,
    max: 30,
    source: 'recordings: one; more is assumed'
  },
  slowShare: {
    name: 'slowShare',
    unit: 'share of slow connections',
    shape: 'uniform',
    min: 0.3,
    max: 1,
    source: 'assumed: slow ones beside whole requests'
  },
  held: {
    name: 'held',
    unit: 's that a body or an answer is held',
    shape: 'log-uniform',
    min: 6,
    max: 70,
    source: 'recordings: 5–61 s (slowhttptest -B and -X)'
  }
} satisfies Record<string, Parameter>
const HEADER_TIMEOUT_MS = 5_011

/** What is slow about them; the port that takes TLS and plain text alike writes nothing of headers that never end. */
const KINDS = {
  train: ['headers', 'bodies', 'answers', 'whole'],
  validation: ['headers', 'bodies'],
  test: ['headers', 'answers']
} as const
type Kind = (typeof KINDS)[keyof typeof KINDS][number]

export const A16: AbuseModel = {
  name: 'A16',
  title: 'slow HTTP and hoarding of connections',
  parameters: PARAMETERS,
  evasions: [
    'none',
    'jitter',
    'rotation-on-refusal',
    'browser-mimicry',
    'prefix-rotation',
    'bursts'
  ],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const kind = slot.draw.pick<Kind>(KINDS[world.region])
    drawn.note('slow', kind)
    return campaign(
      slot,
      {
        className: 'A16',
        description: `connections in waves: ${kind === 'whole' ? 'whole requests' : `slow ${kind}`}`,
        drawn
      },
      () => hoard(world, slot, { drawn, kind })
    )
  }
}

function* hoard(world: World, slot: CampaignSlot, plan: { drawn: Drawn; kind: Kind }): Client {
  const { draw } = slot
  const { drawn, kind } = plan
  const waveGapMs = drawn.value(PARAMETERS.waveGap) * 1000
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: waveGapMs,
    variation: 0.2
  })
  const waves = drawn.count(PARAMETERS.waves)
  const connections = drawn.count(PARAMETERS.connections)
  const openingGapMs = drawn.value(PARAMETERS.openingGap)
  const slowShare = drawn.value(PARAMETERS.slowShare)
  const heldMs = drawn.value(PARAMETERS.held) * 1000
  const endMs = slot.startMs + spanMs(world, (waves * waveGapMs) / 1000 + 60)
  let waveMs = slot.startMs
  for (let wave = 0; wave < waves && waveMs < endMs; wave++) {
    let atMs = waveMs
    let last = 0
    for (let i = 0; i < connections; i++) {
      const asker = attacker.asker()
      const isSlow = draw.chance(slowShare)
      const answer = yield connection(world, asker, {
        atMs,
        kind: isSlow ? kind : 'whole',
        heldMs: draw.logNormal(heldMs, 0.15),
        draw
      })
      if (answer.outcome === 'tarpitted') attacker.pause(answer)
      last = answer.endMs
      atMs += draw.exponential(openingGapMs)
    }
    waveMs = Math.max(atMs, last - HEADER_TIMEOUT_MS) + draw.logNormal(waveGapMs, 0.25)
  }
}

function connection(
  world: World,
  asker: Asker,
  what: { atMs: number; kind: Kind; heldMs: number; draw: CampaignSlot['draw'] }
): ClientRequest {
  const { atMs, kind, heldMs, draw } = what
  if (kind === 'headers') {
    const isTimeout = draw.chance(0.85)
    const waitedMs = isTimeout ? HEADER_TIMEOUT_MS + draw.below(4) : draw.uniform(300, 4_900)
    const endsBy = isTimeout ? 'timeout' : 'client'
    return plain(asker, atMs, {
      target: '',
      intent: { kind: 'slow-headers', heldMs: waitedMs, endsBy }
    })
  }
  if (kind === 'bodies') {
    const request = plain(asker, atMs, {
      method: 'POST',
      target: '/pks/add',
      intent: { kind: 'slow-body', heldMs }
    })
    return { ...request, bodyBytes: draw.pick([4_096, 8_192]) }
  }
  const certificate = world.keys.any(draw)
  const found = kind === 'answers' ? world.keys.named(90, draw) : []
  const request = lookup(asker, atMs, {
    search: { text: byFingerprint(certificate, 40, false), found: [certificate, ...found] },
    style: { op: kind === 'answers' ? 'index' : 'get' }
  })
  if (kind === 'whole') return request
  return { ...request, reading: { forMs: heldMs, isAborted: draw.chance(0.55) } }
}
