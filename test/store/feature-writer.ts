/** Written to be killed: keeps rows of features in batches, and says the last number of each batch once it is stored. */
import { SystemClock, sourceKeyOf } from '../../src/base/index.ts'
import { packRow } from '../../src/feedback/index.ts'
import { FeatureRepository, openDatabase } from '../../src/store/index.ts'

const BATCH = 64
const [, , dataDir = '', firstText = '0'] = process.argv
const { db } = openDatabase({ dataDir, clock: new SystemClock() })
const features = new FeatureRepository(db)

for (let next = Number(firstText); ; next += BATCH) {
  const rows = Array.from({ length: BATCH }, (_, i) => {
    const requests = next + i
    const packed = packRow(new Float32Array(100).fill(requests))
    const source = sourceKeyOf(`198.51.100.${requests % 256}`)
    const row = { atMs: requests, source, requests, featureSetVersion: 1, score: undefined, packed }
    return { ...row, level: 'benign' as const }
  })
  features.append(rows)
  features.trim({ rows: 1_000, bytes: Number.MAX_SAFE_INTEGER })
  process.stdout.write(`${next + BATCH - 1}\n`)
}
