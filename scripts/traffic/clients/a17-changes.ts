/** A17 and A20: deletions and replacements without the right signature. By an attacker, or by people who want to be forgotten. */
import type { Client, ClientRequest } from '../client.ts'
import type { Draw } from '../draw.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { agentOf, thunderbird } from './agents.ts'
import { type Asker, byFingerprint, lookup, plain } from './asking.ts'
import { Attacker, abuseModel, campaign } from './attacker.ts'

const FORGED = {
  attempts: {
    name: 'attempts',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 8,
    max: 200,
    source: 'contract §4.2 A17: few; recording: 30'
  },
  gap: {
    name: 'gap',
    unit: 's',
    shape: 'log-uniform',
    min: 1,
    max: 60,
    source: 'recording: 7.9 s; assumed wider'
  }
} satisfies Record<string, Parameter>
const ERASURE = {
  people: {
    name: 'people',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 4,
    max: 60,
    source: 'contract §4.1: requests for erasure 2018–21; number assumed'
  },
  span: {
    name: 'span',
    unit: 's',
    shape: 'log-uniform',
    min: 1_800,
    max: 43_200,
    source: 'assumed: after an article or a mail'
  }
} satisfies Record<string, Parameter>

export const A17: AbuseModel = abuseModel(
  {
    name: 'A17',
    description: 'forged signatures on delete and replace',
    title: 'forged deletions and replacements',
    parameters: FORGED,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'agent-rotation',
      'browser-mimicry',
      'prefix-rotation'
    ]
  },
  forge
)

/** A wish for erasure is no abuse: these rows are labelled benign. */
export const A20: AbuseModel = {
  name: 'A20',
  title: 'people who want to be forgotten',
  parameters: ERASURE,
  evasions: ['none'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    return campaign(
      slot,
      {
        className: 'A20',
        description: 'owners who try to delete their own certificates',
        drawn,
        label: 'benign'
      },
      () => erase(world, slot, drawn)
    )
  }
}

function* forge(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: drawn.value(FORGED.gap) * 1000,
    variation: 0.5
  })
  let atMs = slot.startMs
  for (let left = drawn.count(FORGED.attempts); left > 0; left--) {
    const answer = yield change(attacker.asker(), atMs, {
      verb: draw.chance(0.5) ? 'Delete' : 'Replace',
      draw
    })
    atMs = answer.endMs + attacker.pause(answer)
  }
}

function* erase(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const people = drawn.count(ERASURE.people)
  const gapMs = spanMs(world, drawn.value(ERASURE.span)) / people
  let atMs = slot.startMs
  for (let i = 0; i < people; i++) {
    const agent = draw.pick([
      agentOf('browser', world.region, draw),
      agentOf('builder', world.region, draw),
      thunderbird(draw)
    ])
    const asker: Asker = { source: world.places.newUser(draw), agent }
    const own = world.keys.any(draw)
    const look = { text: byFingerprint(own), found: [own] }
    let answer = yield lookup(asker, atMs, { search: look, style: { op: 'index' } })
    for (let left = draw.between(1, 2); left > 0; left--) {
      answer = yield change(asker, answer.endMs + draw.logNormal(9_000, 0.5), {
        verb: 'Delete',
        draw
      })
    }
    atMs = answer.endMs + draw.exponential(gapMs)
  }
}

function change(
  asker: Asker,
  atMs: number,
  what: { verb: 'Delete' | 'Replace'; draw: Draw }
): ClientRequest {
  const { verb, draw } = what
  const path = `/pks/${verb.toLowerCase()}`
  const status = draw.weighted<400 | 422>([
    [2, 400],
    [8, 422]
  ])
  const message =
    status === 400
      ? `first line of keytext must be '${path}'`
      : draw.chance(0.75)
        ? 'openpgp: signature made by unknown entity\ninvalid signature'
        : 'EOF\ninvalid signature'
  const request = plain(asker, atMs, {
    method: 'POST',
    target: path,
    intent: { kind: 'refused-change', verb, status, message }
  })
  return { ...request, bodyBytes: draw.between(880, 6_100) }
}
