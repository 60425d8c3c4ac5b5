/** A2: user ids, packets and certificates larger than anything should be. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import type { AbuseModel, CampaignSlot, Drawn, World } from '../world.ts'
import { upload } from './asking.ts'
import { Attacker, abuseModel } from './attacker.ts'

const PARAMETERS = {
  uploads: {
    name: 'uploads',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 5,
    max: 60,
    source: 'contract §4.2 A2: 1–20 adds; recording: 24'
  },
  gap: {
    name: 'gap',
    unit: 's between uploads',
    shape: 'log-uniform',
    min: 1,
    max: 60,
    source: 'recording: 15 s; assumed wider'
  },
  bytes: {
    name: 'bytes',
    unit: 'bytes of a certificate',
    shape: 'log-uniform',
    min: 6_000,
    max: 2_000_000,
    source: 'contract §4.2 A2: 3–2000 kB'
  }
} satisfies Record<string, Parameter>
const USER_ID_MAX = 2_046
const LENGTH_MAX = 1_048_576

export const A2: AbuseModel = abuseModel(
  {
    name: 'A2',
    description: 'oversized user ids, packets and certificates',
    title: 'oversized packets, user ids and certificates',
    parameters: PARAMETERS,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'gpg-mimicry',
      'browser-mimicry',
      'prefix-rotation'
    ]
  },
  send
)

function* send(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: drawn.value(PARAMETERS.gap) * 1000,
    variation: 0.5
  })
  const typical = drawn.value(PARAMETERS.bytes)
  let atMs = slot.startMs
  for (let left = drawn.count(PARAMETERS.uploads); left > 0; left--) {
    const bytes = Math.min(4_000_000, Math.round(draw.logNormal(typical, 0.9)) + 2_100)
    const kind = draw.weighted<'user-id-too-long' | 'too-long' | 'duplicate-packet'>([
      [3, 'user-id-too-long'],
      [bytes > LENGTH_MAX ? 9 : 0, 'too-long'],
      [4, 'duplicate-packet']
    ])
    const certificate = world.keys.create(
      kind === 'too-long' ? bytes : draw.uniform(700, 1_300),
      draw
    )
    const warning =
      kind === 'duplicate-packet'
        ? ({ kind, certificate, count: draw.between(1, 3) } as const)
        : ({
            kind,
            certificate,
            bytes: kind === 'too-long' ? bytes : draw.between(USER_ID_MAX, 8_000)
          } as const)
    const answer = yield upload(attacker.asker(), atMs, {
      sentBytes: bytes,
      warnings: draw.chance(0.7) ? [warning] : [],
      ...(kind === 'too-long'
        ? {}
        : draw.chance(0.75)
          ? { inserted: [certificate] }
          : { updated: [certificate] })
    })
    atMs = answer.endMs + attacker.pause(answer)
  }
}
