/** What is usual for harmless sources: of nine in ten, however often each was looked at. */
import { equal, is, ok } from 'uvu/assert'
import type { BehaviourTable } from '../../../src/datasets/index.ts'
import { usualRanges } from '../../../src/datasets/training/usual-ranges.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../../../src/detection/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('usual ranges')
const FEATURE = FEATURES.findIndex(({ name }) => name === 'requests_1h')

interface Look {
  readonly source: string
  readonly value: number
  readonly isAbuse?: boolean
}

function tableOf(looks: readonly Look[]): BehaviourTable {
  const values = new Float32Array(looks.length * FEATURES.length).fill(Number.NaN)
  for (const [row, { value }] of looks.entries()) values[row * FEATURES.length + FEATURE] = value
  const words = (names: readonly string[]) => ({
    codes: Int32Array.from(names, (_, row) => row),
    names
  })
  return {
    ...{ rows: looks.length, featureSetVersion: FEATURE_SET_VERSION, values, isSynthetic: true },
    labels: Int32Array.from(looks, ({ isAbuse }) => Number(isAbuse === true)),
    weights: new Float64Array(looks.length).fill(1),
    atMs: new Float64Array(looks.length),
    requests: new Int32Array(looks.length),
    sources: words(looks.map(({ source }) => source)),
    sites: words(looks.map(() => 'site')),
    campaigns: words(looks.map(() => '')),
    classes: words(looks.map(() => 'N1'))
  }
}

const hundred: readonly Look[] = Array.from({ length: 100 }, (_, index) => ({
  source: `198.51.100.${index}`,
  value: index + 1
}))

test('leaves a twentieth below and a twentieth above, and passes over abuse', () => {
  const abuse = hundred.map(({ source }) => ({ source: `x${source}`, value: 9_999, isAbuse: true }))
  const ranges = usualRanges(tableOf([...abuse, ...hundred]))
  equal(ranges[FEATURE], [5, 95])
  is(ranges[FEATURES.findIndex(({ categories }) => categories !== undefined)], undefined)
})

test('lets a source that is looked at often count once', () => {
  const busy = Array.from({ length: 5_000 }, () => ({ source: 'busy', value: 60_000 }))
  equal(usualRanges(tableOf([...hundred, ...busy]))[FEATURE], [6, 96])
})

test('says nothing where too few sources are known', () => {
  const ranges = usualRanges(tableOf(hundred.slice(0, 39)))
  ok(ranges.every((range) => range === undefined))
})
