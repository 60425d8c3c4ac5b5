/**
 * `npm run sim:forgery -- --events 1000000`: hands a node forged, mutated, replayed, reordered, cross-topic and cross-network events
 * by the hundred thousand, through the door that gossip and reconciliation use, and counts those that it accepts: none, or the
 * figure is not met. The genuine events among the material must still be accepted afterwards, so that a door that is merely shut
 * does not pass. One line for each way, then the figure.
 */
import { parseArgs } from 'node:util'
import { integerBelow, messageOf, seededRandom } from '../../src/base/index.ts'
import type { Verdict } from '../../src/network/index.ts'
import { ATTACKS } from './forgery/attacks.ts'
import { checkAfterwards, type Scene, setScene } from './forgery/material.ts'

const DEFAULT_EVENTS = 1_000_000
const AT_ONCE = 1_024
const PROGRESS_EVERY = 100
const USAGE = 64
const FAILED = 70

interface Tally {
  sent: number
  accepted: number
  readonly reasons: Record<string, number>
}

function parse(): { readonly events: number; readonly seed: number } {
  const { values } = parseArgs({
    options: { events: { type: 'string' }, seed: { type: 'string' } }
  })
  const events = Number(values.events ?? DEFAULT_EVENTS)
  const seed = Number(values.seed ?? 1)
  if (!Number.isSafeInteger(events) || events < 1) {
    throw new RangeError(`expected a number of events after --events, got "${values.events}"`)
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`expected a whole number after --seed, got "${values.seed}"`)
  }
  return { events, seed }
}

function count(tally: Tally, verdict: Verdict): void {
  tally.sent++
  if (verdict.verdict === 'accept') {
    tally.accepted++
    return
  }
  const reason = `${verdict.verdict} ${verdict.reason}`
  tally.reasons[reason] = (tally.reasons[reason] ?? 0) + 1
}

async function attack(
  { node, material }: Scene,
  events: number,
  seed: number
): Promise<ReadonlyMap<string, Tally>> {
  const random = seededRandom(seed)
  const names = [...ATTACKS.keys()]
  const tallies = new Map(
    names.map((name): [string, Tally] => [name, { sent: 0, accepted: 0, reasons: {} }])
  )
  for (let sent = 0, round = 1; sent < events; sent += AT_ONCE, round++) {
    const pending: Promise<void>[] = []
    for (let i = 0; i < Math.min(AT_ONCE, events - sent); i++) {
      const name = names[integerBelow(random, names.length)] ?? ''
      const attempt = ATTACKS.get(name)?.(material, random)
      const tally = tallies.get(name)
      if (attempt === undefined || tally === undefined) continue
      const answer = node.intake.submit(attempt.bytes, attempt.origin)
      pending.push(answer.then((verdict) => count(tally, verdict)))
    }
    await Promise.all(pending)
    if (round % PROGRESS_EVERY === 0) process.stderr.write(`${sent + AT_ONCE} of ${events}\n`)
  }
  return tallies
}

async function run(): Promise<number> {
  const { events, seed } = parse()
  const startMs = performance.now()
  const scene = await setScene(seed)
  try {
    const tallies = await attack(scene, events, seed)
    for (const [name, tally] of tallies) print({ type: 'attack', name, ...tally })
    const late = await checkAfterwards(scene)
    const accepted = [...tallies.values()].reduce((sum, tally) => sum + tally.accepted, late)
    const isMet = accepted === 0 && scene.node.failures.length === 0
    const seconds = Math.round((performance.now() - startMs) / 1_000)
    print({
      figure: 'forgery.accepted',
      value: accepted,
      unit: 'events',
      reference: null,
      reference_value: null,
      ratio: null,
      goal: '0',
      met: isMet,
      samples: events,
      note: `${tallies.size} ways in ${seconds} s; all ${scene.material.unseen.length} genuine events that were held back were accepted afterwards, and none again after its end; ${scene.node.failures.length} failures inside`
    })
    return isMet ? 0 : 1
  } finally {
    scene.node.close()
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

try {
  process.exitCode = await run()
} catch (error) {
  // parseArgs explains itself in several lines.
  const [sentence] = messageOf(error).split('\n', 1)
  process.stderr.write(`sim:forgery: ${sentence}\n`)
  const isUsage = error instanceof RangeError || error instanceof TypeError
  process.exitCode = isUsage ? USAGE : FAILED
}
