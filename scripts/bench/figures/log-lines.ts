/** How many lines of HAProxy's log one core turns into events: reading, splitting, decoding and pairing included. */
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { integerBelow, type Random, SystemClock, seededRandom } from '../../../src/base/index.ts'
import { HaproxyDecoder, LineIntake } from '../../../src/keyserver/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'

const LINES = 200_000
const RUNS = 5
const WARM_UPS = 2
const GOAL = 150_000
const CHUNK_BYTES = 65_536
const START_MS = Date.UTC(2026, 10, 23, 12)
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const AGENTS = [
  '',
  '',
  'curl/8.5.0',
  'Go-http-client/1.1',
  'python-requests/2.32.3',
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
]

export const figure: BenchFigure = {
  name: 'log-lines',
  goal: `≥ ${GOAL} lines/s`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const directory = await mkdtemp(join(tmpdir(), 'netminder-log-lines-'))
    try {
      const path = join(directory, 'haproxy.log')
      await writeLog(path, seededRandom(context.seed))
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
      const value = median(ours)
      const reference = median(theirs)
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
  const decoder = new HaproxyDecoder({ timeZone: 'UTC' })
  let events = 0
  const intake = new LineIntake(
    { decoder },
    {
      clock: new SystemClock(),
      sink: () => {
        events++
      }
    }
  )
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES)
      if (bytesRead === 0) break
      await intake.push(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
  intake.flush()
  if (events !== LINES / 2) throw new Error(`expected ${LINES / 2} events, got ${events}`)
  return intake.counters.lines
}

async function readBare(path: string): Promise<number> {
  let lines = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line.length > 0) lines++
  }
  return lines
}

async function writeLog(path: string, random: Random): Promise<void> {
  const file = await open(path, 'w')
  try {
    let timeMs = START_MS
    let block: string[] = []
    for (let request = 0; request < LINES / 2; request++) {
      timeMs += integerBelow(random, 9)
      block.push(...linePair(random, timeMs))
      if (block.length < 4_096) continue
      await file.write(`${block.join('\n')}\n`)
      block = []
    }
    if (block.length > 0) await file.write(`${block.join('\n')}\n`)
  } finally {
    await file.close()
  }
}

/** Line B and line A of one request, mostly B first as HAProxy writes them. */
function linePair(random: Random, timeMs: number): [string, string] {
  const client = `${1 + integerBelow(random, 223)}.${integerBelow(random, 256)}.${integerBelow(random, 256)}.${integerBelow(random, 256)}`
  const head = `${client}:${20_000 + integerBelow(random, 45_000)} [${stamp(timeMs)}]`
  const durationMs = 1 + integerBelow(random, 30)
  const isHit = integerBelow(random, 3) > 0
  const status = isHit ? 200 : 404
  const bytes = isHit ? 900 + integerBelow(random, 9_000) : 188
  const hex = Array.from({ length: 40 }, () => integerBelow(random, 16).toString(16)).join('')
  const request = `"GET /pks/lookup?op=get&options=mr&search=0x${hex} HTTP/1.1"`
  const agent = AGENTS[integerBelow(random, AGENTS.length)] ?? ''
  const timers = `0/0/0/${durationMs}/${durationMs}`
  const counters = `${integerBelow(random, 90)}/${integerBelow(random, 40)}/0/0/0 0/0`
  const isTls = integerBelow(random, 4) === 0
  const back = `${head} fe_hockeypuck_ddos_lb be_hockeypuck/srv_keyserver ${timers} ${status} 252/${bytes} - - ---- ${counters} {keys.example:11371|${client}|||} ${request}`
  const front = `${head} fe_http_handler${isTls ? '~' : ''} be_hockeypuck_rewrite/hockeypuck_lb_ddos ${timers} ${status} 168/${bytes} - - ---- ${counters} {keys.example:11371|||||${agent}||1|1} ${request}`
  return integerBelow(random, 5) > 0 ? [back, front] : [front, back]
}

function stamp(timeMs: number): string {
  const date = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  return `${day}:${time}.${String(date.getUTCMilliseconds()).padStart(3, '0')}`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
