/** A16: connections are held: headers that never end, or requests by the dozen at once. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { byFingerprint, lookup, plain } from './asking.ts'
import { Attacker, campaign } from './attacker.ts'

const PARAMETERS = {
  connections: {
    name: 'connections',
    unit: 'per wave',
    shape: 'log-uniform',
    min: 30,
    max: 400,
    source: 'contract §4.2 A16: ≥80'
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
    min: 2,
    max: 30,
    source: 'assumed'
  },
  slowShare: {
    name: 'slowShare',
    unit: 'share without a request',
    shape: 'uniform',
    min: 0.3,
    max: 1,
    source: 'assumed: slowloris beside whole requests'
  }
} satisfies Record<string, Parameter>
const HEADER_TIMEOUT_MS = 5_011

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
    return campaign(
      slot,
      { className: 'A16', description: 'connections held open in waves', drawn },
      () => hoard(world, slot, drawn)
    )
  }
}

function* hoard(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const waveGapMs = drawn.value(PARAMETERS.waveGap) * 1000
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: waveGapMs,
    variation: 0.2
  })
  const waves = drawn.count(PARAMETERS.waves)
  const connections = drawn.count(PARAMETERS.connections)
  const slowShare = drawn.value(PARAMETERS.slowShare)
  const endMs = slot.startMs + spanMs(world, (waves * waveGapMs) / 1000 + 60)
  let waveMs = slot.startMs
  for (let wave = 0; wave < waves && waveMs < endMs; wave++) {
    let atMs = waveMs
    let last = 0
    for (let i = 0; i < connections; i++) {
      const certificate = world.keys.any(draw)
      const isTimeout = draw.chance(0.85)
      const heldMs = isTimeout ? HEADER_TIMEOUT_MS + draw.below(4) : draw.uniform(300, 4_900)
      const asker = attacker.asker()
      const answer = yield draw.chance(slowShare)
        ? plain(asker, atMs, {
            target: '',
            intent: { kind: 'slow-headers', heldMs, endsBy: isTimeout ? 'timeout' : 'client' }
          })
        : lookup(asker, atMs, {
            search: { text: byFingerprint(certificate, 40, false), found: [certificate] },
            style: { op: 'get' }
          })
      if (answer.outcome === 'tarpitted') attacker.pause(answer)
      last = answer.endMs
      atMs += draw.exponential(40)
    }
    waveMs = Math.max(atMs, last - HEADER_TIMEOUT_MS) + draw.logNormal(waveGapMs, 0.25)
  }
}
