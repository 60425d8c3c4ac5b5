/** A1: third-party signatures are heaped on one certificate until nobody can import it (CVE-2019-13050). */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { byFingerprint, lookup, upload } from './asking.ts'
import { Attacker, campaign } from './attacker.ts'

const PARAMETERS = {
  uploads: {
    name: 'uploads',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 12,
    max: 400,
    source: 'recording: 40; contract §4.2 A1: 1–60 adds/min'
  },
  gap: {
    name: 'gap',
    unit: 's between uploads',
    shape: 'log-uniform',
    min: 3,
    max: 60,
    source: 'contract §4.2 A1: 5–60 s apart'
  },
  signatures: {
    name: 'signatures',
    unit: 'per upload',
    shape: 'log-uniform',
    min: 60,
    max: 1_500,
    source: 'contract §4.2 A1: +100…5000 a step; recording: 20–90 kB bodies'
  },
  targets: {
    name: 'targets',
    unit: 'certificates',
    shape: 'uniform',
    min: 1,
    max: 3,
    source: 'contract §4.2 A1: few fingerprints'
  }
} satisfies Record<string, Parameter>
const SIGNATURE_BYTES = 118
const LENGTH_MAX = 1_048_576

export const A1: AbuseModel = {
  name: 'A1',
  title: 'certificate flooding with third-party signatures',
  parameters: PARAMETERS,
  evasions: ['none', 'jitter', 'agent-rotation', 'gpg-mimicry', 'browser-mimicry', 'bursts'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const isTor = slot.draw.chance(0.4)
    drawn.note('through', isTor ? 'tor' : 'one host')
    return campaign(
      slot,
      {
        className: 'A1',
        description: `signature flooding of few certificates, ${isTor ? 'Tor exits' : 'one host'}`,
        drawn
      },
      () => flood(world, slot, { drawn, isTor })
    )
  }
}

function* flood(world: World, slot: CampaignSlot, plan: { drawn: Drawn; isTor: boolean }): Client {
  const { draw } = slot
  const { drawn } = plan
  const gap = drawn.value(PARAMETERS.gap) * 1000
  const uploads = drawn.count(PARAMETERS.uploads)
  const perUpload = drawn.value(PARAMETERS.signatures)
  const targets = Array.from({ length: drawn.count(PARAMETERS.targets) }, () => ({
    ...world.keys.wanted(draw)
  }))
  const exits = Array.from({ length: 4 }, () => world.places.abusedExit(draw))
  const attacker = new Attacker(world, slot, {
    family: 'script',
    from: plan.isTor ? exits : 'server',
    meanGapMs: gap,
    variation: 0.25
  })
  const endMs = slot.startMs + spanMs(world, (uploads * gap) / 1000)
  let atMs = slot.startMs
  for (let i = 0; i < uploads && atMs < endMs; i++) {
    const at = draw.below(targets.length)
    const target = targets[at]
    if (target === undefined) return
    const added = Math.round(draw.logNormal(perUpload, 0.4)) * SIGNATURE_BYTES
    const length = target.lengthBytes + added
    const grown = { ...target, lengthBytes: length }
    const isTooLong = length > LENGTH_MAX
    const answer = yield upload(attacker.asker(), atMs, {
      sentBytes: Math.min(length, 1_200 + added),
      ...(isTooLong
        ? { warnings: [{ kind: 'too-long', certificate: target, bytes: length }] }
        : { updated: [grown] }),
      ...(draw.chance(0.3)
        ? {
            warnings: [{ kind: 'duplicate-packet', certificate: grown, count: draw.between(1, 9) }]
          }
        : {})
    })
    if (answer.outcome === 'served' && !isTooLong) targets[at] = grown
    atMs = answer.endMs + attacker.pause(answer)
    if (!draw.chance(0.08)) continue
    // It looks at what it has done.
    const look = { text: byFingerprint(grown, 40, false), found: [grown] }
    const seen = yield lookup(attacker.asker(), atMs, {
      search: look,
      style: { op: 'get', options: 'mr' }
    })
    atMs = seen.endMs + attacker.pause(seen)
  }
}
