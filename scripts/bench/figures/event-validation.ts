/**
 * How many events one core takes from bytes to kept: decode, verify, dedupe, judge, persist, beside the bare verification of the
 * same signatures. Counted in time of the processor over all threads, so that it is one core's worth however many there are.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type SignedNetworkEvent, signatureInput } from '../../../src/wire/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { type BenchNode, expectAccepted, openBenchNode } from '../network/bench-node.ts'
import {
  alertBody,
  announceBody,
  benchNetwork,
  START_MS,
  seal,
  seededSigner
} from '../network/signed-events.ts'

const AUTHORS = 200
/** Each says what his quota allows in one hour, less his announce. */
const EVENTS_AN_AUTHOR = 50
const EVENTS = AUTHORS * EVENTS_AN_AUTHOR
const RUNS = 5
const WARM_UPS = 2
const RATIO_GOAL = 0.75
const BESIDE_GOAL_US = 50
/** Waiting at once: what a flood leaves in the queue. */
const WINDOW = 1_024
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export const figure: BenchFigure = {
  name: 'event-validation',
  goal: `ratio ≥ ${RATIO_GOAL}, and ≤ ${BESIDE_GOAL_US} µs beside the verify`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const network = benchNetwork(`event-validation ${context.seed}`)
    const authors = Array.from({ length: AUTHORS }, (_, i) => seededSigner(`author ${i}`))
    const announces = authors.map((author) =>
      seal({ author, network, seq: 1n, body: announceBody(network, author), tsMs: START_MS })
    )
    const events: SignedNetworkEvent[] = []
    for (let i = 0; i < EVENTS; i++) {
      const author = authors[i % AUTHORS]
      if (author === undefined) continue
      const seq = BigInt(2 + Math.floor(i / AUTHORS))
      events.push(seal({ author, network, seq, body: alertBody(i), tsMs: START_MS + (i % 1_000) }))
    }
    const keys = new Map(
      authors.map(({ publicKey }) => [Buffer.from(publicKey).toString('latin1'), keyOf(publicKey)])
    )
    const ours: number[] = []
    const theirs: number[] = []
    const walls: number[] = []
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const node = openBenchNode([network])
      try {
        for (const announce of announces) await expectAccepted(node, announce)
        const own = await cpuMicroseconds(() => takeAll(node, events, network.id))
        const bare = await cpuMicroseconds(async () => verifyAll(events, keys))
        if (node.failures.length > 0) throw node.failures[0]
        if (run < 0) continue
        ours.push(own.cpu / EVENTS)
        theirs.push(bare.cpu / EVENTS)
        walls.push(own.wall / EVENTS)
        context.progress(
          `event-validation run ${run + 1} of ${RUNS}: ${ours.at(-1)?.toFixed(1)} µs, bare ${theirs.at(-1)?.toFixed(1)} µs`
        )
      } finally {
        node.close()
      }
    }
    return [lineOf(ours, theirs, walls)]
  }
}

function lineOf(
  ours: readonly number[],
  theirs: readonly number[],
  walls: readonly number[]
): FigureLine {
  const own = medianOf(ours)
  const bare = medianOf(theirs)
  const ratio = bare / own
  const beside = own - bare
  return {
    figure: 'event-validation',
    value: Math.round(1e6 / own),
    unit: 'events/s',
    reference: 'bare node:crypto verify of the same events, keys kept',
    reference_value: Math.round(1e6 / bare),
    ratio: Math.round(ratio * 1_000) / 1_000,
    goal: `ratio ≥ ${RATIO_GOAL}, and ≤ ${BESIDE_GOAL_US} µs beside the verify`,
    met: ratio >= RATIO_GOAL && beside <= BESIDE_GOAL_US,
    samples: RUNS,
    note: `${EVENTS} alerts of ${AUTHORS} authors, ${beside.toFixed(1)} µs of processor time an event beside the verify; by the clock on the wall ${Math.round(1e6 / medianOf(walls))} events/s`
  }
}

async function takeAll(
  { intake }: BenchNode,
  events: readonly SignedNetworkEvent[],
  network: Uint8Array
): Promise<void> {
  const origin = { network, topic: 'alert', via: 'gossip', peer: 'bench' } as const
  for (let from = 0; from < events.length; from += WINDOW) {
    const verdicts = events
      .slice(from, from + WINDOW)
      .map(({ bytes }) => intake.submit(bytes, origin))
    for (const verdict of await Promise.all(verdicts)) {
      if (verdict.verdict !== 'accept') throw new Error(`expected accept, got ${verdict.reason}`)
    }
  }
}

function verifyAll(
  events: readonly SignedNetworkEvent[],
  keys: ReadonlyMap<string, KeyObject>
): void {
  for (const { author, payload, signature } of events) {
    const key = keys.get(Buffer.from(author).toString('latin1'))
    const isValid = key !== undefined && verify(null, signatureInput(payload), key, signature)
    if (!isValid) throw new Error('expected a good signature, got another')
  }
}

function keyOf(publicKey: Uint8Array): KeyObject {
  const der = Buffer.concat([SPKI_PREFIX, publicKey])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

async function cpuMicroseconds(
  work: () => Promise<void>
): Promise<{ readonly cpu: number; readonly wall: number }> {
  const startMs = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { cpu: user + system, wall: (performance.now() - startMs) * 1_000 }
}
