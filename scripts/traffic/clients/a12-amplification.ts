/** A12 and A13: few and small questions with huge answers, by hash query or by fetching the longest certificates. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, type Drawn, spanMs, type World } from '../world.ts'
import { peerServer } from './agents.ts'
import { byFingerprint, hashquery, lookup } from './asking.ts'
import { Attacker, abuseModel } from './attacker.ts'

const HASHES = {
  queries: {
    name: 'queries',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 12,
    max: 400,
    source: 'contract §4.2 A12: few; recording: 40'
  },
  gap: {
    name: 'gap',
    unit: 's',
    shape: 'log-uniform',
    min: 0.7,
    max: 40,
    source: 'recording: 5.5 s; assumed wider'
  },
  answerBytes: {
    name: 'answerBytes',
    unit: 'bytes',
    shape: 'log-uniform',
    min: 120_000,
    max: 40_000_000,
    source: 'recordings: 0.4–2 MB; contract §4.2 A12: %B/%U > 500'
  }
} satisfies Record<string, Parameter>
const GETS = {
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.15,
    max: 12,
    source: 'contract §4.2 A13: 1–5/s; slower and faster ones to evade and to hurt'
  },
  requests: {
    name: 'requests',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 60,
    max: 2_000,
    source: 'assumed'
  },
  certificates: {
    name: 'certificates',
    unit: 'per campaign',
    shape: 'uniform',
    min: 3,
    max: 14,
    source: 'contract §4.2 A13: about 10 of the longest'
  },
  length: {
    name: 'length',
    unit: 'bytes of the longest',
    shape: 'log-uniform',
    min: 25_000,
    max: 1_040_000,
    source: 'recordings: 60–190 kB is the longest of a small key base; stock maxKeyLength 1 MiB'
  }
} satisfies Record<string, Parameter>

export const A12: AbuseModel = abuseModel(
  {
    name: 'A12',
    description: 'hash queries with digests of the largest certificates',
    title: 'amplification by hash query',
    parameters: HASHES,
    evasions: ['none', 'jitter', 'agent-rotation', 'prefix-rotation', 'bursts']
  },
  queries
)

export const A13: AbuseModel = abuseModel(
  {
    name: 'A13',
    description: 'the longest certificates over and over',
    title: 'amplification by fetching the longest',
    parameters: GETS,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'agent-rotation',
      'gpg-mimicry',
      'browser-mimicry',
      'bursts'
    ]
  },
  fetches
)

function* queries(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: drawn.value(HASHES.gap) * 1000,
    variation: 0.5
  })
  const typical = drawn.value(HASHES.answerBytes)
  const isPeerLike = draw.chance(0.7)
  const peer = { ...peerServer(draw), tool: 'script' }
  let atMs = slot.startMs
  for (let left = drawn.count(HASHES.queries); left > 0; left--) {
    const asker = attacker.asker()
    const answer = yield hashquery(isPeerLike ? { ...asker, agent: peer } : asker, atMs, {
      digests: draw.pick([50, 100, 100]),
      answerBytes: draw.logNormal(typical, 0.25)
    })
    atMs = answer.endMs + attacker.pause(answer)
  }
}

function* fetches(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const meanGapMs = 1000 / drawn.value(GETS.pace)
  const attacker = new Attacker(world, slot, { family: 'script', meanGapMs, variation: 0.2 })
  const longest = drawn.value(GETS.length)
  const targets = world.keys.longOnes(drawn.count(GETS.certificates), longest, draw)
  const op = draw.weighted<'get' | 'vindex'>([
    [8, 'get'],
    [2, 'vindex']
  ])
  const isMachineReadable = draw.chance(0.5)
  const requests = drawn.count(GETS.requests)
  const endMs = slot.startMs + spanMs(world, (requests * meanGapMs) / 1000 + 300)
  let atMs = slot.startMs
  for (let i = 0; i < requests && atMs < endMs; i++) {
    const certificate = draw.pick(targets)
    const answer = yield lookup(attacker.asker(), atMs, {
      search: { text: byFingerprint(certificate, 40, false), found: [certificate] },
      style: { op, ...(op === 'get' && isMachineReadable ? { options: 'mr' } : {}) }
    })
    atMs += Math.max(attacker.pause(answer), draw.chance(0.5) ? answer.endMs - atMs : 1)
  }
}
