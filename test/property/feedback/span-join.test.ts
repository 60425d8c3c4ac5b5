/** Rows and labels, joined in pages by an index, against the plainest join there is. */
import fc from 'fast-check'
import { equal } from 'uvu/assert'
import { findAddress, getPrefix, prefixContains, sourceKeyOf } from '../../../src/base/index.ts'
import {
  type FeatureRow,
  type Label,
  labelledRows,
  packRow,
  type StoredFeatureRow
} from '../../../src/feedback/index.ts'
import { MemoryLabelStore, sampleLabel } from '../../support/fake-labels.ts'
import { uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('rows joined with labels', { timeoutMs: 60_000 })
const VERSION = 3

/** Few bits vary, so that prefixes nest and spans touch. */
const address = fc.oneof(
  fc.integer({ min: 0, max: 7 }).map((last) => `198.51.100.${last}`),
  fc.integer({ min: 0, max: 3 }).map((subnet) => `2001:db8:0:${subnet}::1`)
)
const prefix = fc.record({ address, wider: fc.integer({ min: 0, max: 8 }) }).map((given) => {
  const width = given.address.includes(':') ? 64 : 32
  return getPrefix(`${given.address}/${width - given.wider}`).text
})
const moment = fc.integer({ min: 0, max: 20 })
const labels = fc.array(
  fc.record({
    prefix,
    fromMs: moment,
    forMs: fc.integer({ min: 0, max: 8 }),
    label: fc.constantFrom('abuse' as const, 'benign' as const),
    weight: fc.constantFrom(0.2, 0.5, 1),
    saidAtMs: fc.integer({ min: 0, max: 3 })
  }),
  { maxLength: 12 }
)
const rows = fc.array(
  fc.record({ address, atMs: moment, version: fc.constantFrom(VERSION, VERSION, 2) }),
  { maxLength: 40 }
)

function rowOf({ address, atMs, version }: { address: string; atMs: number; version: number }) {
  return {
    ...{ atMs, source: sourceKeyOf(address), requests: 1, featureSetVersion: version },
    ...({ level: 'watch', score: 0.5, packed: packRow(Float32Array.of(atMs)) } as const)
  } satisfies FeatureRow
}

function rowStore(kept: readonly FeatureRow[]) {
  return {
    lastSequence: () => kept.length,
    page: ({ after = 0, sinceMs = 0, featureSetVersion = 0, limit = 0 }) =>
      kept
        .map((row, index): StoredFeatureRow => ({ ...row, sequence: index + 1 }))
        .filter(({ sequence, atMs }) => sequence > after && atMs >= sinceMs)
        .filter((row) => row.featureSetVersion === featureSetVersion)
        .slice(0, limit)
  }
}

/** By sorting all that speak of the row, instead of by an index. */
function expected(given: readonly Label[], row: { address: string; atMs: number }) {
  const width = row.address.includes(':') ? 64 : 32
  const own = getPrefix(`${row.address}/${width}`)
  const length = (label: Label) => getPrefix(label.prefix).length
  const [first] = given
    .filter((label) => label.fromMs <= row.atMs && row.atMs <= label.toMs)
    .filter((label) => prefixContains(getPrefix(label.prefix), own))
    .sort(
      (a, b) =>
        b.weight - a.weight ||
        length(b) - length(a) ||
        b.saidAtMs - a.saidAtMs ||
        (a.id < b.id ? 1 : -1)
    )
  return first
}

async function joined(given: readonly Label[], kept: readonly FeatureRow[], sinceMs: number) {
  const store = new MemoryLabelStore()
  for (const label of given) store.insert(label)
  const found: (readonly [string, number, string, number])[] = []
  const query = { sinceMs, featureSetVersion: VERSION }
  for await (const row of labelledRows(query, { rows: rowStore(kept), labels: store })) {
    found.push([row.source, row.values[0] ?? -1, row.label, row.weight])
  }
  return found
}

test('have the strongest label whose span and prefix hold them, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(labels, rows, moment, async (drawn, kept, sinceMs) => {
      const given = drawn.map(({ forMs, ...fields }, i) =>
        sampleLabel({ ...fields, id: uuidOf(i), toMs: fields.fromMs + forMs })
      )
      const wanted = kept
        .filter(({ atMs, version }) => version === VERSION && atMs >= sinceMs)
        .flatMap((row) => {
          const label = expected(given, row)
          const source = row.address.replace(/::1$/, '::')
          return label === undefined
            ? []
            : [[findAddress(source), row.atMs, label.label, label.weight]]
        })
      equal(await joined(given, kept.map(rowOf), sinceMs), wanted)
    })
  )
})

test('after the end of a label, or a moment before its begin, a row has none', async () => {
  const label = sampleLabel({ prefix: '198.51.100.0/24', fromMs: 10, toMs: 12 })
  const kept = [9, 10, 12, 13].map((atMs) =>
    rowOf({ address: '198.51.100.3', atMs, version: VERSION })
  )
  equal(
    (await joined([label], kept, 0)).map(([, atMs]) => atMs),
    [10, 12]
  )
})

test('ends with the reason of who aborts it', async () => {
  const query = { sinceMs: 0, featureSetVersion: VERSION, signal: AbortSignal.abort('enough') }
  const reading = labelledRows(query, { rows: rowStore([]), labels: new MemoryLabelStore() })
  const reason = await reading.next().catch((error: unknown) => error)
  equal(reason, 'enough')
})
