/** A19: control characters, zero bytes and broken UTF-8, in searches and in user ids, until something answers 500. */
import type { Client, Intent } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import type { Region } from '../regions.ts'
import type { AbuseModel, CampaignSlot, Drawn, World } from '../world.ts'
import { plain, upload } from './asking.ts'
import { Attacker, abuseModel } from './attacker.ts'

const PARAMETERS = {
  requests: {
    name: 'requests',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 15,
    max: 600,
    source: 'recording: 80; assumed wider'
  },
  pace: {
    name: 'pace',
    unit: 'requests/s',
    shape: 'log-uniform',
    min: 0.1,
    max: 5,
    source: 'contract §4.2 A19: 0.1–5/s'
  },
  uploadShare: {
    name: 'uploadShare',
    unit: 'share of requests',
    shape: 'uniform',
    min: 0.1,
    max: 0.8,
    source: 'recording: 0.5'
  }
} satisfies Record<string, Parameter>
const TERMS: Readonly<Record<Region, readonly string[]>> = {
  train: ['%00', '%01%02%03', 'a%00b', '%0a%0d', '%ff%fe', '%c3%28', '%f0%9f%92%a9%00'],
  validation: ['%1b%5b31m', 'x%00', '%e2%80%ae%00', '%80%81'],
  test: ['%08%08%00', '%ed%a0%80', '%00%00%00%00', '%f5%80%80%80', 'name%0b%00']
}

export const A19: AbuseModel = abuseModel(
  {
    name: 'A19',
    description: 'control characters, zero bytes and invalid UTF-8',
    title: 'data that breaks the keyserver',
    parameters: PARAMETERS,
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
  send
)

function* send(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const attacker = new Attacker(world, slot, {
    family: 'script',
    meanGapMs: 1000 / drawn.value(PARAMETERS.pace),
    variation: 0.5
  })
  const uploadShare = drawn.value(PARAMETERS.uploadShare)
  let atMs = slot.startMs
  for (let left = drawn.count(PARAMETERS.requests); left > 0; left--) {
    const asker = attacker.asker()
    const certificate = world.keys.create(draw.uniform(450, 800), draw, 'eddsa_Curve25519')
    const answer = yield draw.chance(uploadShare)
      ? upload(asker, atMs, {
          sentBytes: certificate.lengthBytes,
          inserted: [certificate],
          warnings: draw.chance(0.8) ? [{ kind: 'null-byte', certificate }] : []
        })
      : plain(asker, atMs, search(draw.pick(TERMS[world.region]), draw.pick(['index', 'get'])))
    atMs = answer.endMs + attacker.pause(answer)
  }
}

function search(term: string, op: string): { readonly target: string; readonly intent: Intent } {
  const target = `/pks/lookup?op=${op}&search=${term}`
  // A zero byte alone is no word at all; inside a word it reaches the database (as recorded).
  const isFatal = term.includes('%00') && term !== '%00'
  const intent: Intent = isFatal
    ? { kind: 'database-error', message: 'pq: invalid byte sequence for encoding "UTF8": 0x00' }
    : { kind: 'lookup', op, search: term, form: 'html', certificates: [] }
  return { target, intent }
}
