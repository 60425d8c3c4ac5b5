/** The models that come with the program: whole, and what becomes of a node whose program was damaged. */
import { cpSync, globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match } from 'uvu/assert'
import { shippedModelsDir } from '../../../src/config/index.ts'
import { declareModelMetrics } from '../../../src/daemon/metrics.ts'
import { NodeModels } from '../../../src/daemon/models.ts'
import { nodeReadiness, type ReadinessParts } from '../../../src/daemon/readiness.ts'
import { FEATURES } from '../../../src/detection/index.ts'
import { ModelRepository } from '../../../src/store/index.ts'
import { NULL_LOGGER, NullMetricsRegister } from '../../../src/telemetry/index.ts'
import { makeStore, removeStore, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('shipped models', { timeoutMs: 60_000 })

let store: TemporaryStore
let started: NodeModels[] = []
test.beforeEach(() => {
  store = makeStore()
})
test.afterEach(async () => {
  for (const models of started) await models.stop()
  started = []
  removeStore(store)
})

async function start(shippedDir?: string, useShipped = true): Promise<NodeModels> {
  const models = new NodeModels(
    { dataDir: store.dataDir, shippedDir, useShipped, canaryShare: 0.1 },
    {
      ...{ db: store.db, clock: store.clock, logger: NULL_LOGGER },
      store: { models: new ModelRepository(store.db), audit: store.audit },
      metrics: declareModelMetrics(new NullMetricsRegister())
    }
  )
  started.push(models)
  await models.start()
  return models
}

function stateOf(models: NodeModels) {
  const parts = {
    ...{ intake: { statuses: () => [] }, storeWatch: { problem: undefined }, models },
    guard: { storeProblem: undefined, actuators: () => [] }
  }
  const components = nodeReadiness(parts as unknown as ReadinessParts).components()
  return components.find(({ name }) => name === 'models')
}

test('are whole, read the features of this program, and the newest of them judges on a new node', async () => {
  const models = await start()
  is(models.problem, undefined)
  const champion = models.live.seated().champion
  match(champion?.name ?? '', /^behaviour@/)
  const score = champion?.score(new Float32Array(FEATURES.length).fill(Number.NaN)) ?? Number.NaN
  is(score >= 0 && score <= 1, true)
  equal(stateOf(models), { name: 'models', state: 'ok', detail: `${champion?.name} judges` })
  is(models.runner.champion('behaviour')?.id, champion?.name)
})

test('are left alone where the operator does not want them, also one that was champion', async () => {
  const none = await start(undefined, false)
  is(none.live.seated().champion, undefined)
  is(none.problem, 'no model is champion')
  await start()
  const without = await start(undefined, false)
  is(without.live.seated().champion, undefined)
  match(without.problem ?? '', /behaviour@\S+: shipped ones are not/)
})

for (const { name, damage } of [
  { name: 'a file of each', damage: (path: string) => path.endsWith('stack.json') },
  { name: 'the list of hashes', damage: (path: string) => path.endsWith('SHA256SUMS') }
]) {
  test(`the rules judge alone where ${name} was damaged, and it is shown`, async () => {
    const shippedDir = join(store.dataDir, 'shipped')
    cpSync(shippedModelsDir(), shippedDir, { recursive: true })
    for (const path of globSync('**/*', { cwd: shippedDir }).filter(damage)) {
      writeFileSync(join(shippedDir, path), '{}')
    }
    const expectAlone = (models: NodeModels) => {
      is(models.live.seated().champion, undefined)
      is(models.live.describe(), 'the rules judge alone')
      const state = stateOf(models)
      is(state?.state, 'degraded')
      match(state?.detail ?? '', /(SHA256SUMS|stack\.json).*; the rules judge alone/)
    }
    expectAlone(await start(shippedDir))
    // Once the node knows the model, it says of that very one that it is damaged.
    const whole = await start()
    match(whole.live.seated().champion?.name ?? '', /^behaviour@/)
    expectAlone(await start(shippedDir))
  })
}
