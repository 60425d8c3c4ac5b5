/** The registry over a real database and real folders. */
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { pack } from 'tar-stream'
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import {
  type ModelChange,
  ModelRegistry,
  type ModelRegistryPorts,
  type ModelStage,
  type PackageFiles,
  PackageFolders,
  readTar,
  SUMS_FILE,
  sumsOf,
  type TaskFit,
  type TaskPanel
} from '../../../src/registry/index.ts'
import { writePackage } from '../../../src/registry/package/package-dir.ts'
import { ModelRunner } from '../../../src/runtime/index.ts'
import { ModelRepository } from '../../../src/store/index.ts'
import { inPieces, makeSigner, smallPackage, tarOf } from '../../support/model-packages.ts'
import { MODEL_TABLE, modelRow } from '../../support/served-models.ts'
import { makeStore, removeStore, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('model registry', { timeoutMs: 60_000 })
const own = makeSigner()
const ACTOR = 'token:test'
const ANY: TaskFit = {
  featureSetVersion: 1,
  features: MODEL_TABLE.features.map(({ name }) => name)
}

interface Rig {
  readonly store: TemporaryStore
  readonly models: ModelRepository
  readonly runner: ModelRunner
  readonly registry: ModelRegistry
  readonly problems: string[]
  readonly shippedDir: string
  readonly ownDir: string
}

let rig: Rig

function makeRig(store = makeStore(), fit = ANY, ports: Partial<ModelRegistryPorts> = {}): Rig {
  const models = new ModelRepository(store.db)
  const runner = new ModelRunner({ threads: 1, batchDelayMs: 1 }, { clock: new SystemClock() })
  const problems: string[] = []
  const [shippedDir, ownDir] = [join(store.dataDir, 'shipped'), join(store.dataDir, 'models')]
  const registry = new ModelRegistry(
    { tasks: new Map([['behaviour', fit]]), trusted: () => [own.publicKey] },
    {
      ...{ store: models, seat: runner, audit: store.audit, unitOfWork: store.db.transaction },
      shelf: new PackageFolders({ shippedDir, ownDir }),
      clock: store.clock,
      onProblem: (model, reason) => problems.push(`${model}: ${reason}`),
      ...ports
    }
  )
  return { store, models, runner, registry, problems, shippedDir, ownDir }
}

test.beforeEach(() => {
  rig = makeRig()
})
test.afterEach(async () => {
  await rig.registry.stop()
  await rig.runner.close()
  removeStore(rig.store)
})

async function install(files: PackageFiles, isVouchedFor = true) {
  const given = { actor: ACTOR, isVouchedFor, reason: 'a test' }
  return await rig.registry.install(inPieces(await tarOf(files)), given)
}

/** As the program brings it along: a folder, and its lines in the list of hashes. */
async function ship(version: string, files: PackageFiles): Promise<void> {
  await writePackage(join(rig.shippedDir, 'small', version), files)
  const lines = sumsOf({ name: 'small', version }, files)
  appendFileSync(join(rig.shippedDir, SUMS_FILE), lines)
}

function change(id: string, fields: Partial<Parameters<ModelRegistry['change']>[1]>) {
  return rig.registry.change(id, { revision: undefined, reason: '', ...fields }, ACTOR)
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error)
  }
}

function answering(): string | undefined {
  return rig.runner.scoreRow('behaviour', modelRow(0)).model?.id
}

test('keeps an installed package as a candidate, whole, and answers nothing with it', async () => {
  const files = smallPackage('1')
  const record = await install(files)
  equal([record.stage, record.origin, record.revision], ['candidate', 'imported', 1])
  equal(readdirSync(join(rig.ownDir, 'small', '1')).sort(), [...files.keys()].sort())
  is(answering(), undefined)
  is((await rig.registry.model('small@1')).id, 'small@1')
  const chunks: Uint8Array[] = []
  for await (const chunk of await rig.registry.export('small@1')) chunks.push(chunk)
  equal(Buffer.concat(chunks), await tarOf(files))
})

test('seats the one champion of a task, and brings back the one before in one step', async () => {
  for (const version of ['1', '2', '3'])
    await install(smallPackage(version, { trees: Number(version) }))
  for (const version of ['1', '2', '3']) {
    await rig.store.clock.advance(1_000)
    const record = await change(`small@${version}`, { stage: 'champion' })
    is(record.stage, 'champion')
    is(answering(), `small@${version}`)
  }
  equal(
    rig.registry.list().map(({ stage }) => stage),
    ['champion', 'archived', 'archived']
  )
  is((await rig.registry.rollback('behaviour', ACTOR, 'worse')).version, '2')
  is(answering(), 'small@2')
  // What was turned out is not what a second step goes back to.
  is((await rig.registry.rollback('behaviour', ACTOR, 'worse still')).version, '1')
  is(answering(), 'small@1')
  is(await codeOf(() => rig.registry.rollback('behaviour', ACTOR, '')), 'NO_EARLIER_CHAMPION')
  is(answering(), 'small@1')
  equal(
    rig.registry
      .events('behaviour')
      .slice(0, 2)
      .map(({ action, version, stageAfter }) => [action, version, stageAfter]),
    [
      ['rollback', '1', 'champion'],
      ['rollback', '2', 'archived']
    ]
  )
  const audited = rig.store.audit.list({ limit: 100 }).items.map(({ action }) => action)
  is(audited.filter((action) => action === 'model.rollback').length, 4)
  is(audited.filter((action) => action === 'model.install').length, 3)
})

test('rolls back in less than 100 ms, and the old champion answers nothing afterwards', async () => {
  for (const version of ['1', '2']) await install(smallPackage(version, { trees: Number(version) }))
  await change('small@1', { stage: 'champion' })
  await change('small@2', { stage: 'champion' })
  await rig.registry.stop()
  const waiting = Array.from({ length: 50 }, () =>
    rig.runner.scoreRows('behaviour', modelRow(0), 1).then(({ model }) => model?.id)
  )
  const startMs = performance.now()
  await rig.registry.rollback('behaviour', ACTOR, '')
  ok(performance.now() - startMs < 1_000, 'far too slow')
  equal(new Set(await Promise.all(waiting)), new Set(['small@1']))
})

test('refuses to delete or demote the champion, and deletes another with its files', async () => {
  await install(smallPackage('1'))
  await install(smallPackage('2'))
  await change('small@1', { stage: 'champion' })
  const gone = { revision: undefined, reason: '' }
  is(await codeOf(() => rig.registry.delete('small@1', gone, ACTOR)), 'MODEL_IS_CHAMPION')
  is(await codeOf(() => change('small@1', { stage: 'archived' })), 'MODEL_IS_CHAMPION')
  await rig.registry.delete('small@2', gone, ACTOR)
  equal(readdirSync(join(rig.ownDir, 'small')), ['1'])
  is(await codeOf(async () => rig.registry.get('small@2')), 'MODEL_NOT_FOUND')
  is(answering(), 'small@1')
})

test('lets one of two win who change the same revision', async () => {
  await install(smallPackage('1'))
  const changes = ['a', 'b'].map((notes) => codeOf(() => change('small@1', { notes, revision: 1 })))
  equal((await Promise.all(changes)).sort(), ['REVISION_MISMATCH', 'none'])
  const { revision, notes } = rig.registry.get('small@1')
  equal([revision, notes], [2, 'a'])
  const promotions = ['x', 'y'].map((reason) =>
    codeOf(() => change('small@1', { stage: 'champion', reason, revision: 2 }))
  )
  equal((await Promise.all(promotions)).sort(), ['REVISION_MISMATCH', 'none'])
})

test('takes new thresholds of the champion at once, and none that are not ascending', async () => {
  await install(smallPackage('1'))
  await change('small@1', { stage: 'champion' })
  const before = rig.runner.champion('behaviour')?.verdicts
  await change('small@1', { thresholds: { watch: 0.1, throttle: 0.2, ban: 0.3 } })
  equal(
    before?.map(({ from }) => from),
    [0.5, 0.7, 0.9]
  )
  equal(
    rig.runner.champion('behaviour')?.verdicts.map(({ from }) => from),
    [0.1, 0.2, 0.3]
  )
  const thresholds = { watch: 0.5, throttle: 0.2, ban: 0.9 }
  is(await codeOf(() => change('small@1', { thresholds })), 'THRESHOLDS_INVALID')
})

test('promotes nobody who reads other features than the node computes', async () => {
  const other = { featureSetVersion: 2, features: ANY.features }
  const stricter = makeRig(rig.store, other)
  await install(smallPackage('1'))
  is(
    await codeOf(() =>
      stricter.registry.change('small@1', { stage: 'champion', revision: 1, reason: '' }, ACTOR)
    ),
    'MODEL_UNFIT'
  )
  is(rig.registry.get('small@1').stage, 'candidate')
})

test('takes packages of its own key, unsigned ones only if the caller vouches, and foreign ones never', async () => {
  is(await codeOf(() => install(smallPackage('1', { signer: own }), false)), 'none')
  is(await codeOf(() => install(smallPackage('2'), false)), 'SIGNATURE_MISSING')
  is(await codeOf(() => install(smallPackage('2'), true)), 'none')
  const foreign = smallPackage('3', { signer: makeSigner() })
  is(await codeOf(() => install(foreign, true)), 'SIGNATURE_FOREIGN')
  is(await codeOf(() => install(smallPackage('2'), true)), 'MODEL_EXISTS')
  equal(
    rig.registry.list().map(({ version }) => version),
    ['2', '1']
  )
})

test('installs nothing of a tar that is not one whole package', async () => {
  const files = smallPackage('1')
  const tar = await tarOf(files)
  const given = { actor: ACTOR, isVouchedFor: true, reason: '' }
  const bent = new Map(files)
  bent.set('MODEL_CARD.md', Buffer.from('another'))
  const lacking = new Map(files)
  lacking.delete('stack.json')
  const linked = pack()
  linked.entry({ name: 'manifest.json', type: 'symlink', linkname: '/etc/passwd' })
  linked.finalize()
  const climbing = pack()
  climbing.entry({ name: '../manifest.json' }, 'x')
  climbing.finalize()
  const cases: readonly (readonly [string, AsyncIterable<Uint8Array>, string])[] = [
    ['changed file', inPieces(await tarOf(bent)), 'HASH_MISMATCH'],
    ['missing file', inPieces(await tarOf(lacking)), 'PACKAGE_INVALID'],
    ['cut', inPieces(tar.subarray(0, 3_000)), 'TAR_INVALID'],
    ['noise', inPieces(Buffer.alloc(5_000, 7)), 'TAR_INVALID'],
    ['nothing', inPieces(Buffer.alloc(0)), 'PACKAGE_INVALID'],
    ['link', linked as AsyncIterable<Uint8Array>, 'TAR_INVALID'],
    ['path', climbing as AsyncIterable<Uint8Array>, 'TAR_INVALID']
  ]
  for (const [name, source, code] of cases) {
    is(await codeOf(() => rig.registry.install(source, given)), code, name)
  }
  is(await codeOf(() => readTar(inPieces(tar), 1_000)), 'PACKAGE_TOO_LARGE')
  equal(rig.registry.list(), [])
  is(await codeOf(() => rig.registry.install(inPieces(tar), given)), 'none')
})

test('lets one package at a time in', async () => {
  const tar = await tarOf(smallPackage('1'))
  const given = { actor: ACTOR, isVouchedFor: true, reason: '' }
  const installs = [1, 2].map(() => codeOf(() => rig.registry.install(inPieces(tar), given)))
  equal(await Promise.all(installs), ['none', 'INSTALL_IN_PROGRESS'])
})

test('seats the champion again after a restart, and the first shipped model where there is none', async () => {
  await ship('1', smallPackage('1'))
  await rig.registry.start()
  is(answering(), 'small@1')
  is(rig.registry.get('small@1').origin, 'shipped')
  await install(smallPackage('2', { trees: 2 }))
  await change('small@2', { stage: 'champion' })
  const again = makeRig(rig.store)
  await again.registry.start()
  is(again.runner.champion('behaviour')?.id, 'small@2')
  is((await again.registry.rollback('behaviour', ACTOR, '')).version, '1')
  is(
    await codeOf(() =>
      again.registry.delete('small@1', { revision: undefined, reason: '' }, ACTOR)
    ),
    'MODEL_IS_CHAMPION'
  )
  await again.registry.stop()
})

test('seats the champion of any task after a restart', async () => {
  await install(smallPackage('1', { task: 'certificate' }))
  await change('small@1', { stage: 'champion' })
  const again = makeRig(rig.store)
  await again.registry.start()
  is(again.runner.champion('certificate')?.id, 'small@1')
  is(again.runner.champion('behaviour'), undefined)
})

test('judges by nothing where the package of the champion was changed or lost, and says why', async () => {
  await install(smallPackage('1'))
  await change('small@1', { stage: 'champion' })
  const card = join(rig.ownDir, 'small', '1', 'MODEL_CARD.md')
  const text = readFileSync(card)
  writeFileSync(card, 'another')
  const changed = makeRig(rig.store)
  await changed.registry.start()
  is(changed.runner.champion('behaviour'), undefined)
  ok(changed.registry.problem('small@1')?.includes('MODEL_CARD.md'))
  rmSync(join(rig.ownDir, 'small'), { recursive: true })
  mkdirSync(join(rig.ownDir, 'small', '1'), { recursive: true })
  writeFileSync(card, text)
  const lost = makeRig(rig.store)
  await lost.registry.start()
  is(lost.runner.champion('behaviour'), undefined)
  // The one that runs goes on with what it has in memory.
  is(answering(), 'small@1')
})

const versionsOf = (panel: TaskPanel | undefined) => ({
  champion: panel?.champion?.record.version,
  canary: panel?.canary?.record.version,
  shadows: panel?.shadows.map(({ record }) => record.version)
})

test('tells who sees the cases of a task, whenever one of them changes', async () => {
  const told: TaskPanel[] = []
  const panel = { seat: (_task: string, models: TaskPanel) => told.push(models) }
  const watched = makeRig(rig.store, ANY, { panel })
  const { registry } = watched
  const move = (version: string, stage: ModelStage) =>
    registry.change(`small@${version}`, { stage, revision: undefined, reason: '' }, ACTOR)
  for (const [index, version] of ['1', '2', '3', '4', '5'].entries()) {
    const files = smallPackage(version, { trees: index + 1 })
    await registry.installFiles(files, { actor: ACTOR, reason: '' })
  }
  await move('1', 'champion')
  await move('2', 'canary')
  await move('3', 'shadow')
  await move('4', 'shadow')
  equal(versionsOf(told.at(-1)), { champion: '1', canary: '2', shadows: ['4', '3'] })
  is(await codeOf(() => move('5', 'canary')), 'STAGE_FULL')
  is(await codeOf(() => move('5', 'shadow')), 'STAGE_FULL')
  is(registry.get('small@5').stage, 'candidate')
  await move('2', 'champion')
  equal(versionsOf(told.at(-1)), { champion: '2', canary: undefined, shadows: ['4', '3'] })
  await registry.rollback('behaviour', ACTOR, '')
  equal(versionsOf(told.at(-1)), { champion: '1', canary: undefined, shadows: ['4', '3'] })
  const thresholds = { watch: 0.1, throttle: 0.2, ban: 0.3 }
  await registry.change('small@3', { thresholds, revision: undefined, reason: '' }, ACTOR)
  equal(told.at(-1)?.shadows.at(-1)?.record.thresholds, thresholds)
  await registry.delete('small@4', { revision: undefined, reason: '' }, ACTOR)
  equal(versionsOf(told.at(-1)), { champion: '1', canary: undefined, shadows: ['3'] })
  await registry.stop()
  const again = makeRig(rig.store, ANY, { panel })
  await again.registry.start()
  equal(versionsOf(told.at(-1)), { champion: '1', canary: undefined, shadows: ['3'] })
  await again.registry.stop()
})

test('lets nobody judge or be tried who has no thresholds, where the task needs them', async () => {
  const strict = makeRig(rig.store, { ...ANY, needsThresholds: true })
  await install(smallPackage('1'))
  const set = (fields: Partial<ModelChange>) =>
    codeOf(() =>
      strict.registry.change('small@1', { revision: undefined, reason: '', ...fields }, ACTOR)
    )
  is(await set({ thresholds: { ban: 0.9 } }), 'none')
  for (const stage of ['shadow', 'canary', 'champion'] as const) {
    is(await set({ stage }), 'THRESHOLDS_INVALID')
  }
  is(await set({ stage: 'champion', thresholds: { watch: 0.5, throttle: 0.7, ban: 0.9 } }), 'none')
  is(await set({ thresholds: {} }), 'THRESHOLDS_INVALID')
  // Nobody is slowed down who is rather harmless than not.
  is(await set({ thresholds: { watch: 0, throttle: 0, ban: 0 } }), 'THRESHOLDS_INVALID')
  is(await set({ thresholds: { watch: 0.1, throttle: 0.5, ban: 0.9 } }), 'none')
})

test('begins with the newest that is shipped, and follows an update while nobody has chosen', async () => {
  await ship('9', smallPackage('9'))
  await ship('10', smallPackage('10', { trees: 2 }))
  await rig.registry.start()
  is(answering(), 'small@10')
  is(rig.registry.get('small@9').stage, 'candidate')
  const install = rig.store.audit
    .list({ limit: 10 })
    .items.find(({ target }) => target === 'model:small@10')
  equal([install?.actor, install?.action], ['system', 'model.install'])
  await ship('11', smallPackage('11', { trees: 3 }))
  const updated = makeRig(rig.store)
  await updated.registry.start()
  is(updated.runner.champion('behaviour')?.id, 'small@11')
  is((await updated.registry.rollback('behaviour', ACTOR, 'worse')).version, '10')
  await updated.registry.stop()
  // He has spoken: what comes later waits until he says so.
  await ship('12', smallPackage('12', { trees: 4 }))
  const later = makeRig(rig.store)
  await later.registry.start()
  is(later.runner.champion('behaviour')?.id, 'small@10')
  is(later.registry.get('small@12').stage, 'candidate')
  is(later.registry.get('small@11').stage, 'archived')
  await later.registry.stop()
})

test('leaves the thresholds that an operator has set, and the model that he has set them for', async () => {
  await ship('1', smallPackage('1'))
  await rig.registry.start()
  const thresholds = { watch: 0.6, throttle: 0.8, ban: 0.99 }
  await change('small@1', { thresholds })
  await ship('2', smallPackage('2', { trees: 2 }))
  const updated = makeRig(rig.store)
  await updated.registry.start()
  is(updated.runner.champion('behaviour')?.id, 'small@1')
  equal(updated.registry.champion('behaviour')?.thresholds, thresholds)
  await updated.registry.stop()
})

test('loads nothing shipped that the list beside it does not name', async () => {
  await ship('1', smallPackage('1'))
  await writePackage(join(rig.shippedDir, 'small', '2'), smallPackage('2', { trees: 2 }))
  await rig.registry.start()
  is(answering(), 'small@1')
  ok(rig.registry.problem('small@2')?.includes(SUMS_FILE))
  writeFileSync(join(rig.shippedDir, SUMS_FILE), '')
  const bare = makeRig(rig.store)
  await bare.registry.start()
  is(bare.runner.champion('behaviour'), undefined)
  ok(bare.registry.problem('small@1')?.includes(SUMS_FILE))
})

test('names the packages on the shelf that cannot be used, and starts', async () => {
  await ship('wrong', smallPackage('1'))
  await rig.registry.start()
  is(rig.problems.length, 1)
  ok(rig.problems[0]?.startsWith('small@wrong:'))
  equal(rig.registry.list(), [])
})
