/** A log of HAProxy as a stock deployment writes it, two lines a request, made from a seed; and what reading it alone takes. */
import { open } from 'node:fs/promises'
import { integerBelow, type Random, SystemClock } from '../../../src/base/index.ts'
import { HaproxyDecoder, LineIntake } from '../../../src/keyserver/index.ts'

const CHUNK_BYTES = 65_536
const BLOCK_LINES = 4_096
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

export interface LogShape {
  readonly requests: number
  /** Distinct clients, of which few send most; every request has its own if this is left out. */
  readonly clients?: number
}

export async function writeHaproxyLog(
  path: string,
  shape: LogShape,
  random: Random
): Promise<void> {
  const clients = Array.from({ length: shape.clients ?? 0 }, () => addressText(random))
  const file = await open(path, 'w')
  try {
    let timeMs = START_MS
    let block: string[] = []
    for (let request = 0; request < shape.requests; request++) {
      timeMs += integerBelow(random, 9)
      const client = clients[Math.floor(clients.length * random.next() ** 3)] ?? addressText(random)
      block.push(...linePair(random, { timeMs, client }))
      if (block.length < BLOCK_LINES) continue
      await file.write(`${block.join('\n')}\n`)
      block = []
    }
    if (block.length > 0) await file.write(`${block.join('\n')}\n`)
  } finally {
    await file.close()
  }
}

/** From file to events and no further, on this one thread. */
export async function decodeHaproxyLog(path: string): Promise<{ lines: number; events: number }> {
  let events = 0
  const intake = new LineIntake(
    { decoder: new HaproxyDecoder({ timeZone: 'UTC' }) },
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
  return { lines: intake.counters.lines, events }
}

/** Line B and line A of one request, mostly B first as HAProxy writes them. */
function linePair(random: Random, at: { timeMs: number; client: string }): [string, string] {
  const { timeMs, client } = at
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

function addressText(random: Random): string {
  const rest = [integerBelow(random, 256), integerBelow(random, 256), integerBelow(random, 256)]
  return [1 + integerBelow(random, 223), ...rest].join('.')
}
