/** Rows out of logs and labels: whose they are, when, and what is said where labels and logs do not meet. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { equal, is, match, ok } from 'uvu/assert'
import {
  buildRows,
  DatasetError,
  groupNames,
  type SourceLabel,
  wordAt
} from '../../../src/datasets/index.ts'
import { back, front, LOG_START_MS } from '../../support/log-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('rows out of logs')
const dir = mkdtempSync(join(tmpdir(), 'netminder-rows-'))
test.after(() => rmSync(dir, { recursive: true }))

const OTHER = '198.51.100.9'
const CLIENT = '203.0.113.7'

/** One request of each source every two seconds. */
function log(from: number, to: number, sources = [CLIENT, OTHER]): string {
  const lines: string[] = []
  for (let index = from; index < to; index++) {
    for (const [port, client] of sources.entries()) {
      const fields = {
        client,
        port: 20_000 + (index % 4_000) * 10 + port,
        atMs: LOG_START_MS + index * 2_000 + port,
        request: `GET /pks/lookup?op=get&search=0x${String(index).padStart(8, '0')} HTTP/1.1`
      }
      lines.push(back(fields), front(fields))
    }
  }
  return `${lines.join('\n')}\n`
}

let files = 0
function file(content: string | Uint8Array): string {
  const path = join(dir, `log-${files++}`)
  writeFileSync(path, content)
  return path
}

function label(source: string, fields: Partial<SourceLabel> = {}): SourceLabel {
  return {
    ...{ source, label: 'abuse', class: 'A8', campaign: 'c', weight: 1 },
    ...{ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY, ...fields }
  }
}

const build = (haproxy: string | string[], labels: SourceLabel[]) =>
  buildRows({ haproxy, timeZone: 'UTC' }, labels, { site: 'here' })

async function refusal(work: Promise<unknown>): Promise<DatasetError> {
  try {
    await work
  } catch (error) {
    ok(error instanceof DatasetError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

test('are those of labelled sources alone, at ever fewer of their requests', async () => {
  const table = await build(file(log(0, 20)), [label(CLIENT)])
  equal([...table.requests], [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18])
  equal(table.sources.names, [CLIENT])
  ok(table.labels.every((own) => own === 1))
  equal([...new Set(groupNames(table))], ['here #c'])
  is(table.built.sourcesSeen, 1)
})

test('belong to a label while it holds, and count as much as it is sure', async () => {
  const half = LOG_START_MS + 300_000
  const table = await build(file(log(0, 400)), [
    label(CLIENT, { toMs: half, weight: 0.5 }),
    label(OTHER, { label: 'benign', class: 'N2', campaign: 'habit' })
  ])
  const own = [...table.labels.keys()].filter((row) => wordAt(table.sources, row) === CLIENT)
  ok(own.length > 10)
  ok(own.every((row) => (table.atMs[row] ?? 0) <= half + 30_000 && table.weights[row] === 0.5))
  const others = [...table.labels.keys()].filter((row) => wordAt(table.sources, row) === OTHER)
  ok(others.some((row) => (table.atMs[row] ?? 0) > half + 60_000))
  // A habit of harmless sources is no campaign.
  equal([...new Set(others.map((row) => groupNames(table)[row]))], [`here ${OTHER}`])
})

test('of a log in several files are those of the log in one', async () => {
  const labels = [label(CLIENT), label(OTHER, { label: 'benign' })]
  const whole = await build(file(log(0, 60)), labels)
  const parts = await build(
    [file(gzipSync(log(0, 20))), file(log(20, 40).trimEnd()), file(log(40, 60))],
    labels
  )
  ok(whole.rows > 30)
  is(Buffer.compare(Buffer.from(parts.values.buffer), Buffer.from(whole.values.buffer)), 0)
  is(parts.built.log.lines, whole.built.log.lines)
})

test('are refused out of files in the wrong order', async () => {
  const newer = log(10_000, 10_020)
  const error = await refusal(build([file(newer), file(log(0, 20))], [label(CLIENT)]))
  is(error.code, 'LOGS_UNORDERED')
  match(error.message, /oldest first, got 2026-\S+ after 2026-\S+$/)
})

for (const { name, labels, sentence } of [
  {
    name: 'of which no source is in the logs',
    labels: [label('192.0.2.77')],
    sentence: /expected a labelled source in the logs, got none of 1/
  },
  {
    name: 'of another time',
    labels: [label(CLIENT, { fromMs: 0, toMs: 1_000 })],
    sentence:
      /expected labels for the time of the logs \(2026-.*\), got 1 that all hold at other times/
  },
  {
    name: 'that contradict each other',
    labels: [label(CLIENT), label(CLIENT, { label: 'benign' })],
    sentence: /called harmless and abusive at once/
  }
] as const) {
  test(`need labels that fit: none come of those ${name}`, async () => {
    const error = await refusal(build(file(log(0, 5)), [...labels]))
    is(error.code, 'LABELS_UNMATCHED')
    match(error.message, sentence)
  })
}

test('are no longer made once somebody has had enough', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  let told = 0
  const work = buildRows({ haproxy: file(log(0, 3_000)), timeZone: 'UTC' }, [label(CLIENT)], {
    ...{ site: 'here', signal: controller.signal },
    onProgress: () => {
      told++
      controller.abort(reason)
    }
  })
  is(await work.catch((error: unknown) => error), reason)
  is(told, 1)
})
