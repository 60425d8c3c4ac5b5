/** A10: the change feed of a later release is crawled; on 2.3.3 it is not there, so every request is in vain. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, type Drawn, spanMs, type World } from '../world.ts'
import { plain } from './asking.ts'
import { Attacker, abuseModel } from './attacker.ts'

const PARAMETERS = {
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.05,
    max: 8,
    source: 'assumed: a crawler of certificates by fingerprint'
  },
  requests: {
    name: 'requests',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 40,
    max: 1_500,
    source: 'contract §4.2 A10: one a day and prefix, up to all'
  }
} satisfies Record<string, Parameter>
const DAY_MS = 86_400_000

export const A10: AbuseModel = abuseModel(
  {
    name: 'A10',
    description: 'crawl of prefixlog and of certificates by fingerprint',
    title: 'crawling the change feed',
    parameters: PARAMETERS,
    evasions: [
      'none',
      'jitter',
      'rotation-on-refusal',
      'agent-rotation',
      'browser-mimicry',
      'prefix-rotation',
      'bursts'
    ]
  },
  crawl
)

function* crawl(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const meanGapMs = 1000 / drawn.value(PARAMETERS.pace)
  const attacker = new Attacker(world, slot, { family: 'script', meanGapMs, variation: 0.2 })
  const requests = drawn.count(PARAMETERS.requests)
  const endMs = slot.startMs + spanMs(world, (requests * meanGapMs) / 1000 + 60)
  let atMs = slot.startMs
  for (let i = 0; i < requests && atMs < endMs; i++) {
    const day = new Date(slot.startMs - i * DAY_MS).toISOString().slice(0, 10)
    const target =
      i % 8 === 0
        ? `/pks/v2/prefixlog/${day}`
        : `/pks/v2/certs/by-vfingerprint/04${world.keys.any(draw).fingerprint}`
    const answer = yield plain(attacker.asker(), atMs, { target, intent: { kind: 'missing-file' } })
    atMs = answer.endMs + attacker.pause(answer)
  }
}
