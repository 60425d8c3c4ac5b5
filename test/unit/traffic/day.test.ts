import * as assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLASSES } from '../../../scripts/traffic/client.ts'
import { checkStockRules } from '../../../scripts/traffic/compare/stock-check.ts'
import type { DayOptions } from '../../../scripts/traffic/day-options.ts'
import { generateDay } from '../../../scripts/traffic/generate-day.ts'
import type { Manifest } from '../../../scripts/traffic/output/manifest.ts'
import { REGIONS, scenariosOf } from '../../../scripts/traffic/regions.ts'
import { NeverBlock } from '../../../src/defense/index.ts'
import { replayLogs } from '../../../src/keyserver/index.ts'
import { suite } from '../../support/suite.ts'

interface Row {
  readonly source: string
  readonly class: string
  readonly label: string
  readonly requests: number
}

const test = suite('a generated day', { timeoutMs: 120_000 })
const root = mkdtempSync(join(tmpdir(), 'traffic-'))
const reserved = new NeverBlock({ treatAsPublic: [], allowlist: [], protectedEntries: [] })
const HASHED = ['haproxy.log', 'hockeypuck.log', 'truth.jsonl', 'campaigns.jsonl', 'manifest.json']

async function day(name: string, options: Partial<DayOptions>): Promise<[string, Manifest]> {
  const out = join(root, name)
  const defaults = { out, seed: 7, hours: 1, scenario: 'mixed-day', region: 'train' } as const
  return [out, await generateDay({ ...defaults, intensity: 0.3, ...options })]
}

function hashes(folder: string): readonly string[] {
  return HASHED.map((name) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
  )
}

function rowsIn(folder: string): readonly Row[] {
  const lines = readFileSync(join(folder, 'truth.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Row)
}

test.after(() => rmSync(root, { recursive: true, force: true }))

test('is the same for the same seed and another for another', async () => {
  const [first] = await day('a', { hours: 0.3 })
  const [second] = await day('b', { hours: 0.3 })
  const [other] = await day('c', { hours: 0.3, seed: 8 })
  assert.deepEqual(hashes(first), hashes(second))
  assert.notDeepEqual(hashes(first), hashes(other))
})

for (const region of REGIONS) {
  for (const scenario of scenariosOf(region)) {
    test(`is read line by line by the decoders: ${scenario}, ${region}`, async () => {
      const [folder, manifest] = await day(`${region}-${scenario}`, {
        region,
        scenario,
        hours: 0.5
      })
      const report = await replayLogs(
        {
          haproxy: join(folder, 'haproxy.log'),
          hockeypuck: join(folder, 'hockeypuck.log'),
          timeZone: 'UTC'
        },
        { sink: () => undefined }
      )
      assert.deepEqual(report.unparsedByCause, {})
      assert.equal(report.lines, report.parsed)
      const written = (manifest.lines['haproxy.log'] ?? 0) + (manifest.lines['hockeypuck.log'] ?? 0)
      assert.equal(report.lines, written)
    })
  }
}

test('has every class, and says in its manifest that it is synthetic', async () => {
  const [, manifest] = await day('classes', { hours: 2 })
  assert.equal(manifest.synthetic, true)
  assert.match(manifest.note, /^SYNTHETIC/)
  assert.deepEqual(
    CLASSES.filter((name) => (manifest.classes[name]?.sources ?? 0) === 0),
    []
  )
})

test('counts in its labels the lines that HAProxy wrote, source by source', async () => {
  const [folder] = await day('counts', {})
  const labelled = new Map<string, number>()
  for (const { source, requests } of rowsIn(folder)) {
    labelled.set(source, (labelled.get(source) ?? 0) + requests)
  }
  const written = new Map<string, number>()
  for (const line of readFileSync(join(folder, 'haproxy.log'), 'utf8').split('\n')) {
    const found = /^(\S+):\d+ \[[^\]]+\] fe_http_handler~? /.exec(line)
    if (found?.[1] !== undefined) written.set(found[1], (written.get(found[1]) ?? 0) + 1)
  }
  const wrong = [...labelled].filter(([source, count]) => (written.get(source) ?? 0) !== count)
  assert.deepEqual(wrong, [])
  assert.deepEqual(
    [...written.keys()].filter((source) => !labelled.has(source)),
    []
  )
})

test('has no reserved address, and none that is harmless and abusive at once', async () => {
  const [folder] = await day('addresses', { scenario: 'mixed-day', region: 'test', hours: 2 })
  const labels = new Map<string, Set<string>>()
  for (const { source, label } of rowsIn(folder)) {
    assert.equal(reserved.find(source, 0), undefined, source)
    labels.set(source, (labels.get(source) ?? new Set()).add(label))
  }
  const torn = [...labels].filter(([, set]) => set.has('benign') && set.has('abuse'))
  assert.deepEqual(torn, [])
  assert.ok([...labels.keys()].some((source) => source.includes(':')))
  for (const exit of readFileSync(join(folder, 'tor_exit_relays.list'), 'utf8')
    .trim()
    .split('\n')) {
    assert.equal(reserved.find(exit, 0), undefined, exit)
  }
})

test('refuses exactly what the stock rules refuse, told from the written lines alone', async () => {
  const [folder] = await day('stock', { hours: 2, seed: 11 })
  const exits = readFileSync(join(folder, 'tor_exit_relays.list'), 'utf8').trim().split('\n')
  const found = await checkStockRules(join(folder, 'haproxy.log'), {
    hosts: ['keys.example'],
    torExits: new Set(exits)
  })
  assert.ok(found.refusedByHaproxy > 100)
  // Two requests in one millisecond can be told in the other order than they were judged in.
  const differing = found.refusedByHaproxy + found.refusedByModel - 2 * found.refusedByBoth
  assert.ok(differing <= found.refusedByHaproxy * 0.01, JSON.stringify(found))
})

test('answers 500 while the keyserver is overloaded', async () => {
  const [folder] = await day('overload', {
    region: 'test',
    scenario: 'overload-under-attack',
    hours: 3
  })
  const log = readFileSync(join(folder, 'haproxy.log'), 'utf8')
  const failed = log.match(/be_hockeypuck\/srv_keyserver \S+ 500 /g) ?? []
  assert.ok(failed.length > 20, String(failed.length))
  assert.match(
    readFileSync(join(folder, 'hockeypuck.log'), 'utf8'),
    /pq: sorry, too many clients already/
  )
})

test('shows the client, not the edge, behind a CDN', async () => {
  const [folder] = await day('cdn', { region: 'validation', scenario: 'behind-cdn', hours: 0.3 })
  const sources = new Set(rowsIn(folder).map(({ source }) => source))
  const seen = new Set<string>()
  await replayLogs(
    { haproxy: join(folder, 'haproxy.log'), timeZone: 'UTC' },
    { sink: (event) => event.kind === 'request' && seen.add(event.source) }
  )
  const strangers = [...seen].filter((source) => !sources.has(source))
  assert.deepEqual(strangers, [])
  assert.ok(seen.size > 20)
})
