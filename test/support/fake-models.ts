/** Models behind the API: the real registry and runner over a store and a shelf in memory. */
import type { ModelPorts } from '../../src/api/index.ts'
import { SystemClock } from '../../src/base/index.ts'
import {
  LiveRecord,
  type ModelEvent,
  type ModelPackage,
  type ModelRecord,
  ModelRegistry,
  type ModelStore,
  modelId,
  openPackage,
  type PackageFiles,
  type PackageShelf,
  PredictionLog,
  type ShelvedPackage
} from '../../src/registry/index.ts'
import { ModelError, ModelRunner } from '../../src/runtime/index.ts'
import { StorageError } from '../../src/store/index.ts'
import { SAMPLE_FIT, samplePackage } from './model-packages.ts'

/** What the port promises, said as plainly as possible. */
export class MemoryModelStore implements ModelStore {
  #models: readonly ModelRecord[] = []
  #events: readonly ModelEvent[] = []

  insert(model: Omit<ModelRecord, 'revision'>): void {
    if (this.find(model.name, model.version) !== undefined) throw refused()
    this.#checkChampion(model)
    this.#models = [{ ...model, revision: 1 }, ...this.#models]
  }

  update(model: ModelRecord): boolean {
    const stored = this.find(model.name, model.version)
    if (stored?.revision !== model.revision) return false
    this.#checkChampion(model)
    const { stage, thresholds, notes, updatedAtMs, succeededAtMs } = model
    const revision = model.revision + 1
    const next = { ...stored, stage, thresholds, notes, updatedAtMs, succeededAtMs, revision }
    this.#models = this.#models.map((other) => (other === stored ? next : other))
    return true
  }

  remove(model: Pick<ModelRecord, 'name' | 'version' | 'revision'>): boolean {
    const stored = this.find(model.name, model.version)
    if (stored?.revision !== model.revision) return false
    this.#models = this.#models.filter((other) => other !== stored)
    return true
  }

  find(name: string, version: string): ModelRecord | undefined {
    return this.#models.find((model) => model.name === name && model.version === version)
  }

  all(): readonly ModelRecord[] {
    return this.#models
  }

  findChampion(task: string): ModelRecord | undefined {
    return this.#models.find((model) => model.task === task && model.stage === 'champion')
  }

  findLastSucceeded(task: string): ModelRecord | undefined {
    return this.#models
      .filter((model) => model.task === task && model.stage !== 'champion')
      .filter(({ succeededAtMs }) => succeededAtMs !== undefined)
      .sort((a, b) => (b.succeededAtMs ?? 0) - (a.succeededAtMs ?? 0))[0]
  }

  append(event: ModelEvent): void {
    this.#events = [event, ...this.#events]
  }

  events(task: string, limit: number): readonly ModelEvent[] {
    return this.#events.filter((event) => event.task === task).slice(0, limit)
  }

  #checkChampion({ name, version, task, stage }: Omit<ModelRecord, 'revision'>): void {
    const champion = this.findChampion(task)
    const isOther = champion?.name !== name || champion.version !== version
    if (stage === 'champion' && champion !== undefined && isOther) throw refused()
  }
}

function refused(): StorageError {
  return new StorageError('ROW_REFUSED', 'expected a new and complete row')
}

/** The shelf in memory: packages as they were put there. */
export class MemoryShelf implements PackageShelf {
  readonly #files = new Map<string, PackageFiles>()

  list(): Promise<readonly ShelvedPackage[]> {
    return Promise.resolve([])
  }

  load(place: ShelvedPackage): Promise<ModelPackage> {
    return this.read(place).then((files) => openPackage(files))
  }

  put(model: { readonly name: string; readonly version: string }, files: PackageFiles) {
    this.#files.set(modelId(model), files)
    return Promise.resolve()
  }

  remove(model: { readonly name: string; readonly version: string }) {
    this.#files.delete(modelId(model))
    return Promise.resolve()
  }

  read(place: ShelvedPackage): Promise<PackageFiles> {
    const files = this.#files.get(modelId(place))
    return files === undefined
      ? Promise.reject(new ModelError('PACKAGE_MISSING', 'expected a package, got none'))
      : Promise.resolve(files)
  }
}

export interface FakeModels extends ModelPorts {
  readonly audit: readonly { readonly action: string; readonly actor: string }[]
  readonly places: { readonly store: ModelStore; readonly shelf: PackageShelf }
  stop(): Promise<void>
}

/** Of what the examples of the contract speak: `sample@1` is champion after `sample@0`, `sample@2` a candidate. */
export async function fakeModels(threads = 1): Promise<FakeModels> {
  const clock = new SystemClock()
  const runner = new ModelRunner({ threads, batchDelayMs: 1 }, { clock })
  const audit: { readonly action: string; readonly actor: string }[] = []
  const places = { store: new MemoryModelStore(), shelf: new MemoryShelf() }
  const registry = new ModelRegistry(
    { tasks: new Map([['behaviour', SAMPLE_FIT]]), trusted: () => [] },
    {
      ...{ ...places, seat: runner, clock },
      audit: { append: (entry) => audit.push(entry) },
      unitOfWork: { run: (work) => work() },
      onProblem: () => undefined
    }
  )
  const given = { actor: 'test', reason: '' }
  for (const [index, version] of ['0', '1', '2'].entries()) {
    await registry.installFiles(samplePackage(version, index + 3), given)
    if (version === '2') break
    const change = { stage: 'champion', revision: undefined, reason: '' } as const
    await registry.change(`sample@${version}`, change, 'test')
  }
  return {
    places,
    ...{ registry, runner, audit, predictions: new PredictionLog(), live: new LiveRecord() },
    meaningOf: (feature) => (feature === 'upload_share' ? 'share of uploads' : undefined),
    async stop() {
      await registry.stop()
      await runner.close()
    }
  }
}
