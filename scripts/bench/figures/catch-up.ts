/**
 * What a node pays that was away: bytes of reconciliation and seconds until it has verified and kept what it missed, for events
 * that are missing in one stretch of time, and for as many strewn over all of it. Both nodes are real but for the network between
 * them: frames and fetches go over function calls, encoded and decoded as on a stream.
 */
import { integerBelow, seededRandom } from '../../../src/base/index.ts'
import { LiveSet, SyncError, SyncInitiator, SyncResponder } from '../../../src/network/index.ts'
import { FETCH_IDS_MAX, type SignedNetworkEvent } from '../../../src/wire/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { expectAccepted, openBenchNode } from '../network/bench-node.ts'
import {
  alertBody,
  announceBody,
  benchNetwork,
  START_MS,
  seal,
  seededBytes,
  seededSigner
} from '../network/signed-events.ts'

const LIVE = 100_000
const MISSING = 5_000
const AUTHORS = 100
const EVENTS_AN_AUTHOR = MISSING / AUTHORS
const RUNS = 5
const BYTES_GOAL = 400_000
const SECONDS_GOAL = 5
/** More than enough: a session leaves over only what its limits cut. */
const SESSIONS_MAX = 20

interface Place {
  readonly kind: 'alert'
  readonly tsMs: number
  readonly id: Uint8Array
}

interface CatchUp {
  readonly seconds: number
  readonly bytes: number
  readonly sessions: number
}

export const figure: BenchFigure = {
  name: 'catch-up',
  goal: `≤ ${BYTES_GOAL} bytes of reconciliation, ≤ ${SECONDS_GOAL} s`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const missed = sealMissing(context.seed)
    const contiguous: CatchUp[] = []
    const scattered: CatchUp[] = []
    for (let run = 0; run < RUNS; run++) {
      contiguous.push(await catchUp(missed, contiguousSet(missed)))
      scattered.push(await catchUp(missed, scatteredSet(missed, context.seed)))
      context.progress(
        `catch-up run ${run + 1} of ${RUNS}: ${contiguous.at(-1)?.bytes} bytes, ${contiguous.at(-1)?.seconds.toFixed(2)} s`
      )
    }
    return [
      ...linesOf('catch-up', contiguous, true),
      ...linesOf('catch-up-scattered', scattered, false)
    ]
  }
}

interface Missed {
  readonly network: ReturnType<typeof benchNetwork>
  readonly announces: readonly SignedNetworkEvent[]
  readonly events: readonly SignedNetworkEvent[]
}

/** Real events: 100 authors, 50 each within the hour. */
function sealMissing(seed: number): Missed {
  const network = benchNetwork(`catch-up ${seed}`)
  const authors = Array.from({ length: AUTHORS }, (_, i) => seededSigner(`author ${i}`))
  const announces = authors.map((author) =>
    seal({ author, network, seq: 1n, body: announceBody(network, author), tsMs: START_MS })
  )
  const events = authors.flatMap((author, number) =>
    Array.from({ length: EVENTS_AN_AUTHOR }, (_, i) => {
      const body = alertBody(number * EVENTS_AN_AUTHOR + i)
      const tsMs = START_MS - 1_000_000 + (number + i * AUTHORS) * 200
      return seal({ author, network, seq: BigInt(2 + i), body, tsMs })
    })
  )
  return { network, announces, events }
}

/** Only their places matter: they are on both sides. */
function fillerAt(number: number, tsMs: number): Place {
  return { kind: 'alert', tsMs, id: seededBytes(`filler ${number}`) }
}

/** What both have lies before what one missed, as after a time off-line. */
function contiguousSet({ events }: Missed): readonly Place[] {
  const firstMs = Math.min(...events.map(({ tsMs }) => tsMs))
  const count = LIVE - MISSING
  return Array.from({ length: count }, (_, i) => fillerAt(i, firstMs - (count - i) * 200))
}

/** What both have lies among what one missed: twenty times as dense. */
function scatteredSet({ events }: Missed, seed: number): readonly Place[] {
  const times = events.map(({ tsMs }) => tsMs)
  const firstMs = Math.min(...times)
  const random = seededRandom(seed)
  const span = Math.max(...times) - firstMs
  return Array.from({ length: LIVE - MISSING }, (_, i) =>
    fillerAt(i, firstMs + integerBelow(random, span))
  )
}

async function catchUp(missed: Missed, shared: readonly Place[]): Promise<CatchUp> {
  const node = openBenchNode([missed.network])
  try {
    for (const announce of missed.announces) await expectAccepted(node, announce)
    const own = node.intake.liveSet(missed.network.id)
    if (own === undefined) throw new Error('expected the set of a joined network, got none')
    for (const place of shared) own.insert(place)
    const theirs = new LiveSet(shared)
    const byId = new Map<string, SignedNetworkEvent>()
    for (const event of [...missed.announces, ...missed.events]) {
      theirs.insert({ id: event.id, kind: event.kind, tsMs: event.tsMs })
      byId.set(textOf(event.id), event)
    }
    const startMs = performance.now()
    let bytes = 0
    let sessions = 0
    while (own.digest() !== theirs.digest()) {
      if (++sessions > SESSIONS_MAX) throw new Error('expected the sets to become equal')
      const { needs, bytes: used } = talk(own, theirs)
      bytes += used
      for (let from = 0; from < needs.length; from += FETCH_IDS_MAX) {
        const events = needs.slice(from, from + FETCH_IDS_MAX).map((id) => byId.get(textOf(id)))
        await Promise.all(events.map((event) => event && expectAccepted(node, event)))
      }
    }
    return { seconds: (performance.now() - startMs) / 1_000, bytes, sessions }
  } finally {
    node.close()
  }
}

function talk(own: LiveSet, theirs: LiveSet): { needs: readonly Uint8Array[]; bytes: number } {
  const initiator = new SyncInitiator(own)
  const responder = new SyncResponder(theirs)
  try {
    for (let sent = initiator.open(); sent !== undefined; ) {
      sent = initiator.receive(responder.receive(sent))
    }
  } catch (error) {
    // A limit: what was found is good, the rest is for the next session.
    if (!(error instanceof SyncError) || error.isFault) throw error
  }
  return { needs: initiator.differences.flatMap(({ needs }) => needs), bytes: initiator.bytes }
}

function textOf(id: Uint8Array): string {
  return Buffer.from(id).toString('latin1')
}

function linesOf(name: string, runs: readonly CatchUp[], hasGoal: boolean): FigureLine[] {
  const bytes = medianOf(runs.map((run) => run.bytes))
  const seconds = medianOf(runs.map((run) => run.seconds))
  const sessions = medianOf(runs.map((run) => run.sessions))
  const ids = MISSING * 32
  const place = hasGoal ? 'in one stretch of time' : 'strewn over all times'
  const note = `${MISSING} missing ${place} among ${LIVE} live events; ${sessions} sessions; events themselves not counted`
  return [
    {
      figure: `${name}.bytes`,
      value: bytes,
      unit: 'bytes',
      reference: `the ids alone: 32 bytes × ${MISSING}`,
      reference_value: ids,
      ratio: Math.round((bytes / ids) * 1_000) / 1_000,
      goal: hasGoal ? `≤ ${BYTES_GOAL}` : 'reported',
      met: hasGoal ? bytes <= BYTES_GOAL : null,
      samples: runs.length,
      note
    },
    {
      figure: `${name}.seconds`,
      value: Math.round(seconds * 1_000) / 1_000,
      unit: 's',
      reference: null,
      reference_value: null,
      ratio: null,
      goal: hasGoal ? `≤ ${SECONDS_GOAL}` : 'reported',
      met: hasGoal ? seconds <= SECONDS_GOAL : null,
      samples: runs.length,
      note: 'reconciled, fetched in batches of 256, verified and kept; no time on a network'
    }
  ]
}
