/** Models that are in memory: champions, whom a rollback would bring back, and a few that somebody asked about. */
import { LruMap } from '../base/index.ts'
import { ModelError, type ServedModel } from '../runtime/index.ts'
import {
  type ModelRecord,
  modelId,
  type PackageShelf,
  type ShelvedPackage,
  type TaskFit,
  type TaskPanel
} from './model-record.ts'
import type { ModelPackage } from './package/open-package.ts'
import { servedModel } from './served.ts'

export interface LoadedModel {
  readonly package: ModelPackage
  /** Of the record whose thresholds it has. */
  readonly revision: number
  readonly model: ServedModel
}

/** Models kept besides champions and those before them. */
const OTHERS_MAX = 4

export class LoadedModels {
  readonly #tasks: ReadonlyMap<string, TaskFit>
  readonly #shelf: PackageShelf
  readonly #others = new LruMap<string, LoadedModel>(OTHERS_MAX)
  readonly #champions = new Map<string, LoadedModel>()
  /** By task: whom a rollback brings back, so that it need not be waited for. */
  readonly #standby = new Map<string, LoadedModel>()
  /** By task: whoever is tried beside the champion. */
  readonly #tried = new Map<string, readonly LoadedModel[]>()

  constructor(tasks: ReadonlyMap<string, TaskFit>, shelf: PackageShelf) {
    this.#tasks = tasks
    this.#shelf = shelf
  }

  /** From memory, or from its package, which must be the one that was installed. @throws {ModelError} */
  async get(record: ModelRecord): Promise<LoadedModel> {
    const known = this.find(record)
    if (known !== undefined) return known
    const opened = await this.#shelf.load(placeOf(record))
    if (opened.sha256 !== record.digest) {
      throw new ModelError(
        'HASH_MISMATCH',
        `expected the package of ${modelId(record)} to be the one that was installed, got another: install it anew`
      )
    }
    return this.remember(record, opened)
  }

  /** Only from memory. */
  find(record: ModelRecord): LoadedModel | undefined {
    const known = [
      this.#others.get(modelId(record)),
      ...(this.#tried.get(record.task) ?? []),
      this.#standby.get(record.task),
      this.#champions.get(record.task)
    ].find((loaded) => loaded?.package.sha256 === record.digest)
    if (known === undefined || known.revision === record.revision) return known
    return this.remember(record, known.package)
  }

  remember(record: ModelRecord, opened: ModelPackage): LoadedModel {
    const loaded = this.#make(record, opened)
    this.#others.set(modelId(record), loaded)
    return loaded
  }

  /** The champion of its task from now on. */
  seat(record: ModelRecord, opened: ModelPackage): ServedModel {
    const loaded = this.#make(record, opened)
    this.#champions.set(record.task, loaded)
    return loaded.model
  }

  /** Keeps the champion before this one at hand. @throws {ModelError} */
  async standBy(task: string, record: ModelRecord | undefined): Promise<void> {
    if (record === undefined) this.#standby.delete(task)
    else this.#standby.set(task, await this.get(record))
  }

  /** Who sees the cases of a task; whoever is tried is kept at hand for it, and whoever was never loaded is left out. */
  panelOf(task: string, records: readonly ModelRecord[]): TaskPanel {
    const seated = (stage: ModelRecord['stage']) =>
      records.flatMap((record) => {
        const isSeated = record.task === task && record.stage === stage
        const loaded = isSeated ? this.find(record) : undefined
        return loaded === undefined ? [] : [{ record, package: loaded.package, loaded }]
      })
    const [[champion], [canary], shadows] = [seated('champion'), seated('canary'), seated('shadow')]
    const tried = [canary, ...shadows].flatMap((one) => (one === undefined ? [] : [one.loaded]))
    this.#tried.set(task, tried)
    return { champion, canary, shadows }
  }

  forget(record: ModelRecord): void {
    this.#others.delete(modelId(record))
    const standby = this.#standby.get(record.task)
    if (standby?.package.sha256 === record.digest) this.#standby.delete(record.task)
  }

  #make(record: ModelRecord, opened: ModelPackage): LoadedModel {
    const model = servedModel(record, opened, this.#tasks.get(record.task))
    return { package: opened, revision: record.revision, model }
  }
}

export function placeOf({ name, version, origin }: ModelRecord): ShelvedPackage {
  return { name, version, isShipped: origin === 'shipped' }
}
