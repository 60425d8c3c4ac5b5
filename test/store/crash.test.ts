/** A few of the kills that `npm run bench -- kill-store` makes by the hundred, and a store that breaks its word, to see it found out. */
import { equal, is, ok } from 'uvu/assert'
import { killRepeatedly } from '../../scripts/bench/kill-store/harness.ts'
import { seededRandom } from '../../src/base/index.ts'
import { makeDataDir, removeDataDir } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('kill -9 under write load', { timeoutMs: 60_000 })
let dataDir: string

test.beforeEach(() => {
  dataDir = makeDataDir()
})
test.afterEach(() => removeDataDir(dataDir))

test('loses nothing that was acknowledged', async () => {
  const result = await killRepeatedly({
    dataDir,
    kills: 6,
    random: seededRandom(1),
    acknowledge: 'after-commit',
    progress: () => undefined
  })
  equal([result.lost, result.faults], [0, []])
  is(result.kills, 6)
  ok(result.acknowledged > 0)
})

test('finds out a writer that acknowledges before it commits', async () => {
  const { lost } = await killRepeatedly({
    dataDir,
    kills: 6,
    random: seededRandom(2),
    acknowledge: 'before-commit',
    progress: () => undefined
  })
  ok(lost > 0)
})
