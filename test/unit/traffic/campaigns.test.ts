import * as assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Activity, Answer, ClientRequest } from '../../../scripts/traffic/client.ts'
import { A4 } from '../../../scripts/traffic/clients/a3-spam-flood.ts'
import { A8 } from '../../../scripts/traffic/clients/a8-harvest.ts'
import { A9 } from '../../../scripts/traffic/clients/a9-scrape.ts'
import { A11 } from '../../../scripts/traffic/clients/a11-swarm-scrape.ts'
import { A16 } from '../../../scripts/traffic/clients/a16-hoarding.ts'
import { Draw } from '../../../scripts/traffic/draw.ts'
import { HaproxyModel } from '../../../scripts/traffic/haproxy/haproxy-model.ts'
import { KeyBase } from '../../../scripts/traffic/keyserver/key-base.ts'
import { KeyserverModel } from '../../../scripts/traffic/keyserver/keyserver-model.ts'
import { wordAt } from '../../../scripts/traffic/keyserver/names.ts'
import { LineQueue, LogFile } from '../../../scripts/traffic/output/line-queue.ts'
import { Populations } from '../../../scripts/traffic/population/populations.ts'
import { Transit } from '../../../scripts/traffic/transit.ts'
import type { AbuseModel, World } from '../../../scripts/traffic/world.ts'
import { suite } from '../../support/suite.ts'

const test = suite('campaigns of generated traffic')
const FROM_MS = Date.UTC(2026, 0, 5)
const MINUTES = 30
const CAMPAIGNS = 24
const root = mkdtempSync(join(tmpdir(), 'campaigns-'))
test.after(() => rmSync(root, { recursive: true, force: true }))

function worldOf(seed: number): World {
  return {
    span: { fromMs: FROM_MS, toMs: FROM_MS + MINUTES * 60_000 },
    region: 'train',
    keys: new KeyBase({ seed, size: 50_000 }),
    places: new Populations({
      seed,
      torExits: 900,
      carrierNats: 4,
      sharedNats: 0,
      ipv6Share: 0.2
    }),
    draw: new Draw(seed),
    host: 'keys.example'
  }
}

/** All that a campaign would send if each request were answered at once. */
function requestsOf({ open }: Activity): readonly ClientRequest[] {
  const requests: ClientRequest[] = []
  const client = open()
  let next = client.next()
  while (next.done !== true && requests.length < 20_000) {
    requests.push(next.value)
    const answer: Answer = {
      status: 200,
      outcome: 'served',
      endMs: next.value.atMs + 5,
      isLogged: true
    }
    next = client.next(answer)
  }
  return requests
}

function campaignsOf(model: AbuseModel): readonly Activity[] {
  return Array.from({ length: CAMPAIGNS }, (_, seed) =>
    model.campaign(worldOf(seed), {
      id: `${model.name}-1`,
      startMs: FROM_MS + 60_000,
      draw: new Draw(seed),
      evasion: 'none'
    })
  )
}

for (const model of [A4, A11]) {
  test(`a swarm keeps its pace, however short the recording: ${model.name}`, () => {
    for (const activity of campaignsOf(model)) {
      const requests = requestsOf(activity)
      const { pace = 0 } = activity.about?.parameters ?? {}
      const seconds = ((requests.at(-1)?.atMs ?? 0) - activity.startMs) / 1000
      if (requests.length < 60) continue
      const ratio = requests.length / seconds / Number(pace)
      assert.ok(ratio > 0.6 && ratio < 1.7, `${pace} wanted, ${requests.length} in ${seconds} s`)
    }
  })
}

for (const model of [A8, A9]) {
  test(`some come from one address and some from a pool: ${model.name}`, () => {
    const counts = campaignsOf(model).map(
      (activity) => new Set(requestsOf(activity).map(({ source }) => source)).size
    )
    assert.ok(counts.filter((count) => count === 1).length >= CAMPAIGNS / 4, String(counts))
    assert.ok(counts.filter((count) => count > 1).length >= CAMPAIGNS / 8, String(counts))
  })
}

test('connections are held by headers, by bodies and by answers', () => {
  const requests = campaignsOf(A16).flatMap((activity) => requestsOf(activity).slice(0, 60))
  const kinds = new Set<string>(
    requests.map(({ intent, reading }) => (reading === undefined ? intent.kind : 'answers'))
  )
  for (const kind of ['slow-headers', 'slow-body', 'answers', 'lookup']) {
    assert.ok(kinds.has(kind), `${kind} of ${[...kinds].join(', ')}`)
  }
})

test('a body that never ends is logged as HAProxy logs it', async () => {
  const world = worldOf(1)
  const file = new LogFile(join(root, 'haproxy.log'), false)
  const other = new LogFile(join(root, 'hockeypuck.log'), false)
  const haproxyLog = new LineQueue(file)
  const transit = new Transit({
    haproxy: new HaproxyModel({
      hosts: ['keys.example'],
      torExits: new Set(),
      isBehindProxy: false
    }),
    keyserver: new KeyserverModel({ capacity: 100 }, { keys: world.keys, draw: new Draw(2) }),
    haproxyLog,
    hockeypuckLog: new LineQueue(other),
    draw: new Draw(3),
    edges: []
  })
  const bodies = campaignsOf(A16)
    .flatMap(requestsOf)
    .filter(({ intent }) => intent.kind === 'slow-body')
  const [request] = bodies
  assert.ok(request !== undefined)
  const answer = transit.pass(request)
  assert.equal(answer.status, -1)
  await haproxyLog.flush(Number.POSITIVE_INFINITY)
  await file.end()
  await other.end()
  const lines = readFileSync(file.path, 'utf8').trim().split('\n')
  assert.equal(lines.length, 2)
  for (const line of lines) assert.match(line, / 0\/0\/0\/-1\/\d+ -1 \d+\/0 - - CD-- /)
  assert.ok(answer.endMs - request.atMs >= 3_000)
})

test('words of a dictionary come in its order', () => {
  const words = Array.from({ length: 200 }, (_, index) => wordAt(index))
  assert.deepEqual(words, [...words].sort())
  assert.equal(new Set(words).size, words.length)
})
