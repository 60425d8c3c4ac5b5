/** Tables of behaviour out of nothing: abuse asks often and misses, campaign by campaign; whoever is harmless does not. */
import { type Random, seededRandom } from '../../src/base/index.ts'
import type { BehaviourTable } from '../../src/datasets/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../../src/detection/index.ts'

const LOOKS = 4

export interface MadeBehaviour {
  readonly abusers: number
  readonly harmless: number
  readonly campaigns: number
  readonly seed?: number
}

export function makeBehaviour(of: MadeBehaviour): BehaviourTable {
  const { abusers, harmless, campaigns, seed = 1 } = of
  const random = seededRandom(seed)
  const sources = abusers + harmless
  const rows = sources * LOOKS
  const values = new Float32Array(rows * FEATURES.length)
  const labels = new Int32Array(rows)
  const sourceCodes = new Int32Array(rows)
  const campaignCodes = new Int32Array(rows)
  const classCodes = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    const source = Math.floor(row / LOOKS)
    const isAbuse = source < abusers
    labels[row] = isAbuse ? 1 : 0
    sourceCodes[row] = source
    campaignCodes[row] = isAbuse ? 1 + (source % campaigns) : 0
    classCodes[row] = isAbuse ? 1 + (source % 2) : 0
    for (const [feature, { range, categories }] of FEATURES.entries()) {
      const at = row * FEATURES.length + feature
      values[at] =
        categories === undefined ? draw(random, range, isAbuse) : feature % categories.length
    }
  }
  const names = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`)
  return {
    ...{ rows, values, labels, featureSetVersion: FEATURE_SET_VERSION, isSynthetic: true },
    weights: new Float64Array(rows).fill(1),
    atMs: Float64Array.from({ length: rows }, (_, row) => row * 1_000),
    requests: Int32Array.from({ length: rows }, (_, row) => 1 + (row % LOOKS)),
    sources: { codes: sourceCodes, names: names(sources, '198.51.100.') },
    sites: { codes: new Int32Array(rows), names: ['site'] },
    campaigns: { codes: campaignCodes, names: ['', ...names(campaigns, 'campaign ')] },
    classes: { codes: classCodes, names: ['N1', 'A8', 'A9'] }
  }
}

/** Within the range; the higher half is three times as likely for abuse. */
function draw(random: Random, [low, high]: readonly [number, number], isAbuse: boolean): number {
  const span = Math.min(high, low + 100) - low
  const share = random.next() < 0.25 !== isAbuse ? random.next() / 2 + 0.5 : random.next() / 2
  return Math.fround(low + share * span)
}
