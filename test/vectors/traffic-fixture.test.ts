import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { equal, is, ok } from 'uvu/assert'
import { suite } from '../support/suite.ts'

interface TruthRow {
  readonly source: string
  readonly class: string
  readonly label: string
  readonly campaign: string
  readonly from: string
  readonly to: string
  readonly requests: number
}

const test = suite('traffic fixture')
const folder = join(import.meta.dirname, '..', 'fixtures', 'traffic')

function readLines(name: string): string[] {
  return gunzipSync(readFileSync(join(folder, name)))
    .toString('latin1')
    .trimEnd()
    .split('\n')
}

const proxyLines = readLines('haproxy.log.gz')
const serverLines = readLines('hockeypuck.log.gz')
const truth = readFileSync(join(folder, 'truth.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as TruthRow)
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

const clientOf = (line: string): string => line.slice(0, line.search(/:\d+ \[/))
const outerLines = proxyLines.filter((line) => line.includes('] fe_http_handler'))
const innerLines = proxyLines.filter((line) => line.includes('] fe_hockeypuck_ddos_lb '))

function countBy(lines: readonly string[], keyOf: (line: string) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1)
  return counts
}

test('takes at most a megabyte', () => {
  const bytes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  ok(bytes.reduce((sum, size) => sum + size, 0) <= 1_000_000, `got ${bytes.join(' + ')}`)
})

test('holds as many lines and rows as its README says', () => {
  const stated = [...readme.matchAll(/^\| `\S+` \| ([\d,]+) /gm)].map((found) =>
    Number((found[1] ?? '').replaceAll(',', ''))
  )
  equal(stated, [proxyLines.length, serverLines.length, truth.length])
})

test('counts sources and requests of each class as its README does', () => {
  const stated = [...readme.matchAll(/^\| (\w+) \| (\w+) \| (\d+) \| (\d+) \|$/gm)].map((found) =>
    found.slice(1, 5).join(' ')
  )
  const groups = Map.groupBy(
    truth,
    (row) => `${row.label} ${row.label === 'mixed' ? 'mixed' : row.class}`
  )
  const counted = [...groups].map(([key, rows]) => {
    const sources = new Set(rows.map((row) => row.source)).size
    return `${key} ${sources} ${rows.reduce((sum, row) => sum + row.requests, 0)}`
  })
  equal(stated.sort(), counted.sort())
})

test('has a line for every request that the truth counts, and no other', () => {
  const expected = new Map<string, number>()
  for (const row of truth) {
    if (row.class !== 'A18')
      expected.set(row.source, (expected.get(row.source) ?? 0) + row.requests)
  }
  const counted = countBy(outerLines, clientOf)
  equal([...counted].sort(), [...expected].sort())
})

test('has both lines of every request that reached the inner front end', () => {
  const outer = outerLines.filter((line) => line.includes(' be_hockeypuck_rewrite/'))
  equal([...countBy(innerLines, clientOf)].sort(), [...countBy(outer, clientOf)].sort())
})

test('has one line of Hockeypuck for every request that reached it', () => {
  const reached = innerLines.filter((line) => / be_hockeypuck(_primary)?\/srv_/.test(line))
  const answered = serverLines.filter((line) => line.includes(' status-code='))
  const isPoll = (line: string): boolean =>
    line.includes('GET /pks/health') || line.includes('GET=/pks/health')
  is(
    answered.filter((line) => !isPoll(line)).length,
    reached.filter((line) => !isPoll(line)).length
  )
})

test('begins with more than a minute without abuse', () => {
  const start = Math.min(...truth.map((row) => Date.parse(row.from)))
  const abuse = truth.filter((row) => row.label !== 'benign' && row.class.startsWith('A'))
  ok(Math.min(...abuse.map((row) => Date.parse(row.from))) - start > 60_000)
})

test('holds an upload flood, harvesting, scanners and a scrape beside the hard harmless sources', () => {
  const present = new Set(truth.flatMap((row) => [row.campaign, row.class]))
  const wanted = [
    'A3-1',
    'A3-2',
    'A8-1',
    'A8-3',
    'A9-1',
    'A14-3',
    'A14-5',
    'refresh',
    'ci-nat',
    'gateway',
    'recon-peer',
    'stats-poll',
    'N6'
  ]
  equal(
    wanted.filter((name) => !present.has(name)),
    []
  )
})
