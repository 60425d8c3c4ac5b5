/** How many lines of HAProxy's log one core turns into events: reading, splitting, decoding and pairing included. */
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { seededRandom } from '../../../src/base/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { decodeHaproxyLog, writeHaproxyLog } from '../log/haproxy-log.ts'
import { medianOf } from '../median.ts'

const LINES = 200_000
const RUNS = 5
const WARM_UPS = 2
const GOAL = 150_000
export const figure: BenchFigure = {
  name: 'log-lines',
  goal: `≥ ${GOAL} lines/s`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const directory = await mkdtemp(join(tmpdir(), 'netminder-log-lines-'))
    try {
      const path = join(directory, 'haproxy.log')
      await writeHaproxyLog(path, { requests: LINES / 2 }, seededRandom(context.seed))
      const ours: number[] = []
      const theirs: number[] = []
      for (let run = -WARM_UPS; run < RUNS; run++) {
        const events = await linesPerSecond(() => decodeFile(path))
        const bare = await linesPerSecond(() => readBare(path))
        if (run < 0) continue
        ours.push(events)
        theirs.push(bare)
        context.progress(`log-lines run ${run + 1} of ${RUNS}: ${Math.round(events)} lines/s`)
      }
      const value = medianOf(ours)
      const reference = medianOf(theirs)
      return [
        {
          figure: 'log-lines',
          value: Math.round(value),
          unit: 'lines/s',
          reference: 'bare readline loop over the same file',
          reference_value: Math.round(reference),
          ratio: Math.round((value / reference) * 1_000) / 1_000,
          goal: `≥ ${GOAL}`,
          met: value >= GOAL,
          samples: RUNS,
          note: `${LINES} lines, two a request, of which every request gave one event`
        }
      ]
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

async function linesPerSecond(work: () => Promise<number>): Promise<number> {
  const startMs = performance.now()
  const lines = await work()
  return (lines / (performance.now() - startMs)) * 1_000
}

async function decodeFile(path: string): Promise<number> {
  const { lines, events } = await decodeHaproxyLog(path)
  if (events !== LINES / 2) throw new Error(`expected ${LINES / 2} events, got ${events}`)
  return lines
}

async function readBare(path: string): Promise<number> {
  let lines = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line.length > 0) lines++
  }
  return lines
}
