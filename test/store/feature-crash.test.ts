/** Rows of features after `kill -9` while they are written and deleted: whole batches, none torn, and the totals right. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../src/base/index.ts'
import { unpackRow } from '../../src/feedback/index.ts'
import { FeatureRepository, openDatabase } from '../../src/store/index.ts'
import { makeDataDir, removeDataDir } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('kill -9 while features are kept', { timeoutMs: 120_000 })
const WRITER = fileURLToPath(new URL('feature-writer.ts', import.meta.url))
const BATCH = 64
const KILLS = 4
let dataDir: string

test.before(() => {
  dataDir = makeDataDir()
})
test.after(() => removeDataDir(dataDir))

/** @returns the last number that was acknowledged */
async function writeAndKill(first: number, batches: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, dataDir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const closed = once(child, 'close')
  let [said, text] = [0, '']
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
    said += part.split('\n').length - 1
    if (said >= batches) child.kill('SIGKILL')
  })
  const [, signal] = await closed
  is(signal, 'SIGKILL')
  return Number(text.split('\n').at(-2))
}

test('loses no batch that was acknowledged, and keeps none in part', async () => {
  let next = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const acknowledged = await writeAndKill(next, 3 + kill * 7)
    const { db, setAside } = openDatabase({ dataDir, clock: new SystemClock() })
    try {
      equal([setAside, db.pragma('integrity_check')], [undefined, 'ok'])
      const features = new FeatureRepository(db)
      const page = { sinceMs: 0, featureSetVersion: 1, limit: 1_000 }
      const rows = [0, 1_000].flatMap((skip) => {
        const first = features.page({ ...page, after: 0 })
        const after = first.at(-1)?.sequence ?? 0
        return skip === 0 ? first : features.page({ ...page, after })
      })
      const numbers = rows.map(({ requests }) => requests)
      const last = numbers.at(-1) ?? -1
      ok(last >= acknowledged, `${last} is stored, ${acknowledged} was acknowledged`)
      is((last + 1) % BATCH, 0, 'a batch is stored in part')
      equal(
        numbers,
        numbers.map((_, i) => (numbers[0] ?? 0) + i)
      )
      ok(rows.every(({ packed, requests }) => unpackRow(packed)[99] === requests))
      is(features.totals().rows, rows.length)
      next = last + 1
    } finally {
      db.close()
    }
  }
  ok(next > 1_000, 'old rows were deleted as well')
})
