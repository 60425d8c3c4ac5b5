/** A6 and A7: certificates whose user ids are the message, and certificates that pretend to be somebody else's. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, type World } from '../world.ts'
import { byFingerprint, lookup, upload } from './asking.ts'
import { Attacker, abuseModel, campaign } from './attacker.ts'

const DEFACING = {
  uploads: {
    name: 'uploads',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 8,
    max: 250,
    source: 'contract §4.2 A6: 1–50; recording: 60'
  },
  gap: {
    name: 'gap',
    unit: 's between uploads',
    shape: 'log-uniform',
    min: 1.5,
    max: 60,
    source: 'recording: 7.5 s; assumed wider'
  },
  userIds: {
    name: 'userIds',
    unit: 'per certificate',
    shape: 'log-uniform',
    min: 1,
    max: 100,
    source: 'contract §4.2 A6: 20–100 user ids'
  }
} satisfies Record<string, Parameter>
const CLONING = {
  uploads: {
    name: 'uploads',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 8,
    max: 200,
    source: 'contract §4.2 A7: 1–200; recording: 40'
  },
  gap: {
    name: 'gap',
    unit: 's between uploads',
    shape: 'log-uniform',
    min: 1.5,
    max: 60,
    source: 'recording: 5.7 s; assumed wider'
  },
  looksFirst: {
    name: 'looksFirst',
    unit: 'share of uploads',
    shape: 'uniform',
    min: 0,
    max: 0.8,
    source: 'assumed: who clones reads first'
  }
} satisfies Record<string, Parameter>

export const A6: AbuseModel = {
  name: 'A6',
  title: 'user ids as messages',
  parameters: DEFACING,
  evasions: ['none', 'jitter', 'agent-rotation', 'gpg-mimicry', 'browser-mimicry', 'bursts'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    const isTor = slot.draw.chance(0.4)
    drawn.note('through', isTor ? 'tor' : 'one host')
    return campaign(
      slot,
      { className: 'A6', description: 'user-id spam, defacement, doxing, data in user ids', drawn },
      () => deface(world, slot, { drawn, isTor })
    )
  }
}

export const A7: AbuseModel = abuseModel(
  {
    name: 'A7',
    description: 'short-id collisions and impersonation of existing certificates',
    title: 'impersonation and colliding short ids',
    parameters: CLONING,
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
  clone
)

function* deface(world: World, slot: CampaignSlot, plan: { drawn: Drawn; isTor: boolean }): Client {
  const { draw } = slot
  const { drawn } = plan
  const exits = Array.from({ length: draw.between(1, 4) }, () => world.places.abusedExit(draw))
  const attacker = new Attacker(world, slot, {
    family: 'script',
    from: plan.isTor ? exits : 'server',
    meanGapMs: drawn.value(DEFACING.gap) * 1000,
    variation: 0.4
  })
  const userIds = drawn.value(DEFACING.userIds)
  let atMs = slot.startMs
  for (let left = drawn.count(DEFACING.uploads); left > 0; left--) {
    const count = Math.max(1, Math.round(draw.logNormal(userIds, 0.5)))
    const certificate = world.keys.create(420 + count * draw.uniform(140, 420), draw)
    const isUpdate = draw.chance(0.15)
    const answer = yield upload(attacker.asker(), atMs, {
      sentBytes: certificate.lengthBytes,
      ...(isUpdate ? { updated: [certificate] } : { inserted: [certificate] })
    })
    atMs = answer.endMs + attacker.pause(answer)
  }
}

function* clone(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: drawn.value(CLONING.gap) * 1000,
    variation: 0.4
  })
  const looksFirst = drawn.value(CLONING.looksFirst)
  let atMs = slot.startMs
  for (let left = drawn.count(CLONING.uploads); left > 0; left--) {
    const victim = world.keys.wanted(draw)
    if (draw.chance(looksFirst)) {
      const search = { text: byFingerprint(victim, 16, false), found: [victim] }
      const seen = yield lookup(attacker.asker(), atMs, {
        search,
        style: { op: 'index', options: 'mr' }
      })
      atMs = seen.endMs + draw.logNormal(700, 0.5)
    }
    const made = world.keys.create(draw.pick([690, 1_180, 1_240]) + draw.below(60), draw)
    // The low 32 bits are the victim's.
    const certificate = {
      ...made,
      fingerprint: made.fingerprint.slice(0, 32) + victim.fingerprint.slice(-8)
    }
    const answer = yield upload(attacker.asker(), atMs, {
      inserted: [certificate],
      sentBytes: certificate.lengthBytes
    })
    atMs = answer.endMs + attacker.pause(answer)
  }
}
