/**
 * Decides which models a node has, in which stage each is, and who is champion of a task: one at most. Every change is one
 * transaction with its audit, and the champion of the database is the one that answers: who is promoted or brought back is loaded
 * first, then stored and seated in the same turn of the event loop.
 */
import { type Clock, LruMap, messageOf, TaskGroup } from '../base/index.ts'
import { ModelError, type ServedModel } from '../runtime/index.ts'
import { RegistryError } from './errors.ts'
import {
  type ChampionSeat,
  type ModelEvent,
  type ModelOrigin,
  type ModelRecord,
  type ModelStage,
  type ModelStore,
  modelId,
  type PackageShelf,
  type RegistryAudit,
  type ShelvedPackage,
  type TaskFit,
  type Thresholds,
  type UnitOfWork
} from './model-record.ts'
import { type ModelPackage, openPackage, type PackageFiles } from './package/open-package.ts'
import { readTar, writeTar } from './package-tar.ts'
import { checkFit, checkThresholds, servedModel, thresholdsOf } from './served.ts'

export interface ModelRegistryOptions {
  /** Tasks whose champions are seated at the start, and what each asks of them. */
  readonly tasks: ReadonlyMap<string, TaskFit>
  /** Public keys whose signatures are taken: this node's own. */
  readonly trusted: () => readonly Uint8Array[]
}

export interface ModelRegistryPorts {
  readonly store: ModelStore
  readonly shelf: PackageShelf
  readonly seat: ChampionSeat
  readonly audit: RegistryAudit
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  /** What could not be loaded, and why. */
  readonly onProblem: (model: string, reason: string) => void
}

export interface ModelChange {
  readonly stage?: ModelStage | undefined
  readonly thresholds?: Thresholds | undefined
  readonly notes?: string | undefined
  /** The revision that the caller has seen; undefined: whichever it is. */
  readonly revision: number | undefined
  readonly reason: string
}

interface Loaded {
  readonly package: ModelPackage
  /** With the thresholds of this revision. */
  readonly revision: number
  readonly model: ServedModel
}

/** Models kept in memory besides champions. */
const LOADED_MAX = 4
const EVENTS_SHOWN = 100

export class ModelRegistry {
  readonly #options: ModelRegistryOptions
  readonly #ports: ModelRegistryPorts
  readonly #loaded = new LruMap<string, Loaded>(LOADED_MAX)
  /** By task: whom a rollback brings back, loaded, so that it need not be waited for. */
  readonly #standby = new Map<string, { readonly id: string; readonly loaded: Loaded }>()
  readonly #champions = new Map<string, Loaded>()
  readonly #problems = new Map<string, string>()
  readonly #background: TaskGroup
  #isInstalling = false

  constructor(options: ModelRegistryOptions, ports: ModelRegistryPorts) {
    this.#options = options
    this.#ports = ports
    this.#background = new TaskGroup((error) => ports.onProblem('', messageOf(error)))
  }

  /** Takes in what lies on the shelf and seats the champions. What cannot be loaded is reported, and the rules judge meanwhile. */
  async start(): Promise<void> {
    for (const place of await this.#ports.shelf.list()) await this.#takeIn(place)
    for (const task of this.#options.tasks.keys()) {
      const champion = this.#ports.store.findChampion(task)
      if (champion !== undefined) await this.#seatAtStart(champion)
      await this.#prepareStandby(task)
    }
  }

  async stop(): Promise<void> {
    await this.#background.drained()
  }

  list(): readonly ModelRecord[] {
    return this.#ports.store.all()
  }

  /** @throws {MODEL_NOT_FOUND} */
  get(id: string): ModelRecord {
    const at = id.lastIndexOf('@')
    const found = at > 0 ? this.#ports.store.find(id.slice(0, at), id.slice(at + 1)) : undefined
    if (found !== undefined) return found
    const message = `expected the id of a model (name@version), got "${id.slice(0, 130)}": "netminder models list" shows them`
    throw new RegistryError('MODEL_NOT_FOUND', message)
  }

  champion(task: string): ModelRecord | undefined {
    return this.#ports.store.findChampion(task)
  }

  /** Why the champion of a task does not answer, if there is one and it does not. */
  problem(id: string): string | undefined {
    return this.#problems.get(id)
  }

  /** Newest first, at most 100. */
  events(task: string): readonly ModelEvent[] {
    return this.#ports.store.events(task, EVENTS_SHOWN)
  }

  /** Its package, checked as ever. @throws {MODEL_NOT_FOUND | ModelError} */
  async package(id: string): Promise<ModelPackage> {
    return (await this.#load(this.get(id))).package
  }

  /** As it is served. @throws {MODEL_NOT_FOUND | ModelError} */
  async model(id: string): Promise<ServedModel> {
    return (await this.#load(this.get(id))).model
  }

  /** The files as one tar. @throws {MODEL_NOT_FOUND | ModelError} */
  async export(id: string): Promise<AsyncGenerator<Uint8Array>> {
    return writeTar(await this.#ports.shelf.read(placeOf(this.get(id))))
  }

  /**
   * Takes a package as a tar, checks it as at load and keeps it as a candidate.
   *
   * @throws {TAR_INVALID | SIGNATURE_MISSING | MODEL_EXISTS | INSTALL_IN_PROGRESS | ModelError}
   */
  async install(
    tar: AsyncIterable<Uint8Array>,
    given: { readonly actor: string; readonly isVouchedFor: boolean; readonly reason: string }
  ): Promise<ModelRecord> {
    return await this.#alone(async () => {
      const files = await readTar(tar)
      return await this.#keep(files, { ...given, origin: 'imported' })
    })
  }

  /** The same for files that this node made itself. @throws as `install` */
  async installFiles(
    files: PackageFiles,
    given: { readonly actor: string; readonly reason: string }
  ): Promise<ModelRecord> {
    return await this.#alone(() =>
      this.#keep(files, { ...given, isVouchedFor: true, origin: 'trained' })
    )
  }

  /**
   * Changes stage, thresholds or notes. A new champion is loaded first; when this returns no answer is the old one's.
   *
   * @throws {MODEL_NOT_FOUND | REVISION_MISMATCH | MODEL_IS_CHAMPION | MODEL_UNFIT | THRESHOLDS_INVALID | ModelError}
   */
  async change(id: string, change: ModelChange, actor: string): Promise<ModelRecord> {
    const seen = this.get(id)
    checkRevision(seen, change.revision)
    const thresholds = change.thresholds ?? seen.thresholds
    checkThresholds(thresholds)
    const stage = change.stage ?? seen.stage
    if (seen.stage === 'champion' && stage !== 'champion') throw isChampion(id, 'stay where it is')
    const next = { ...seen, stage, thresholds, notes: change.notes ?? seen.notes }
    const kept = stage === 'champion' ? (await this.#load(seen)).package : undefined
    if (kept !== undefined) checkFit(kept.manifest, this.#options.tasks.get(seen.task))
    // While it was loaded somebody else may have changed it: the update then finds another revision.
    const action = stage === seen.stage ? 'change' : stage === 'champion' ? 'promote' : 'move'
    const changed = this.#ports.unitOfWork.run(() => {
      if (action === 'promote') this.#succeed(seen.task, { actor, reason: change.reason })
      return this.#write(seen, next, { action, actor, reason: change.reason })
    })
    if (kept !== undefined) this.#seat(changed, kept)
    return changed
  }

  /**
   * Brings the champion before this one back, in one transaction. When this returns no answer is the old one's.
   *
   * @throws {NO_EARLIER_CHAMPION | ModelError}
   */
  async rollback(task: string, actor: string, reason: string): Promise<ModelRecord> {
    const earlier = this.#ports.store.findLastSucceeded(task)
    if (earlier === undefined) {
      throw new RegistryError(
        'NO_EARLIER_CHAMPION',
        `expected an earlier champion of "${task}" to go back to, got none`
      )
    }
    const standby = this.#standby.get(task)
    const isReady =
      standby?.id === modelId(earlier) && standby.loaded.package.sha256 === earlier.digest
    const kept = isReady ? standby.loaded.package : (await this.#load(earlier)).package
    checkFit(kept.manifest, this.#options.tasks.get(task))
    const changed = this.#ports.unitOfWork.run(() => {
      const champion = this.#ports.store.findChampion(task)
      if (champion !== undefined) {
        const next = { ...champion, stage: 'archived', succeededAtMs: undefined } as const
        this.#write(champion, next, { action: 'rollback', actor, reason })
      }
      const next = { ...earlier, stage: 'champion', succeededAtMs: undefined } as const
      return this.#write(earlier, next, { action: 'rollback', actor, reason })
    })
    this.#seat(changed, kept)
    return changed
  }

  /** @throws {MODEL_NOT_FOUND | REVISION_MISMATCH | MODEL_IS_CHAMPION | MODEL_IS_SHIPPED} */
  async delete(
    id: string,
    { revision, reason }: { readonly revision: number | undefined; readonly reason: string },
    actor: string
  ): Promise<void> {
    const record = this.get(id)
    checkRevision(record, revision)
    if (record.stage === 'champion') throw isChampion(id, 'be deleted')
    if (record.origin === 'shipped') {
      const message = `expected a model that was given to this node, got ${id}, which is shipped: archive it instead`
      throw new RegistryError('MODEL_IS_SHIPPED', message)
    }
    this.#ports.unitOfWork.run(() => {
      if (!this.#ports.store.remove(record)) throw mismatch(record)
      this.#note(record, undefined, { action: 'delete', actor, reason })
    })
    this.#loaded.delete(id)
    if (this.#standby.get(record.task)?.id === id) this.#standby.delete(record.task)
    await this.#ports.shelf.remove(record)
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isInstalling) {
      const message = 'another package is being installed: try again when it is done'
      throw new RegistryError('INSTALL_IN_PROGRESS', message)
    }
    this.#isInstalling = true
    try {
      return await work()
    } finally {
      this.#isInstalling = false
    }
  }

  async #keep(
    files: PackageFiles,
    given: {
      readonly actor: string
      readonly reason: string
      readonly isVouchedFor: boolean
      readonly origin: ModelOrigin
    }
  ): Promise<ModelRecord> {
    const opened = openPackage(files, { trusted: this.#options.trusted() })
    const { manifest } = opened
    const isKnown = this.#ports.store.all().some(({ digest }) => digest === opened.sha256)
    if (isKnown || this.#ports.store.find(manifest.name, manifest.version) !== undefined) {
      const message = `expected a model that is not there yet, got ${modelId(manifest)}: give it another version`
      throw new RegistryError('MODEL_EXISTS', message)
    }
    if (manifest.signature === undefined && !given.isVouchedFor) {
      throw new RegistryError(
        'SIGNATURE_MISSING',
        'expected a package that this node has signed, got one without a signature: if you know where it comes from, install it as unsigned ("netminder models import --unsigned")'
      )
    }
    // A folder that no row knows is what a crash left between the two.
    await this.#ports.shelf.remove(manifest)
    await this.#ports.shelf.put(manifest, files)
    try {
      return this.#insert(opened, 'candidate', given)
    } catch (error) {
      await this.#ports.shelf.remove(manifest)
      throw error
    }
  }

  /** A package on the shelf that the database does not know: a shipped one, or one whose database was lost. */
  async #takeIn(place: ShelvedPackage): Promise<void> {
    const id = modelId(place)
    if (this.#ports.store.find(place.name, place.version) !== undefined) return
    try {
      const opened = await this.#ports.shelf.load(place)
      if (modelId(opened.manifest) !== id) {
        throw new ModelError('PACKAGE_INVALID', `expected the package ${id} in its folder`)
      }
      const { task } = opened.manifest
      const isFirst =
        place.isShipped &&
        this.#options.tasks.has(task) &&
        this.#ports.store.findChampion(task) === undefined
      if (isFirst) checkFit(opened.manifest, this.#options.tasks.get(task))
      this.#insert(opened, isFirst ? 'champion' : 'candidate', {
        actor: 'system',
        reason: place.isShipped ? 'shipped with the program' : 'found in the data directory',
        origin: place.isShipped ? 'shipped' : 'imported'
      })
    } catch (error) {
      if (!(error instanceof ModelError || error instanceof RegistryError)) throw error
      this.#report(id, error.message)
    }
  }

  #insert(
    opened: ModelPackage,
    stage: ModelStage,
    given: { readonly actor: string; readonly reason: string; readonly origin: ModelOrigin }
  ): ModelRecord {
    const { manifest, sha256 } = opened
    const { name, version, task, kind } = manifest
    const nowMs = this.#ports.clock.nowMs()
    const record = {
      ...{ name, version, task, kind, stage, origin: given.origin, digest: sha256 },
      ...{ thresholds: thresholdsOf(manifest), notes: '', createdAtMs: nowMs, updatedAtMs: nowMs },
      succeededAtMs: undefined
    }
    const inserted = this.#ports.unitOfWork.run(() => {
      this.#ports.store.insert(record)
      const stored = this.get(modelId(record))
      this.#note(undefined, stored, { action: 'install', ...given })
      return stored
    })
    this.#remember(inserted, opened)
    return inserted
  }

  /** The champion makes room for another. */
  #succeed(task: string, by: { readonly actor: string; readonly reason: string }): void {
    const champion = this.#ports.store.findChampion(task)
    if (champion === undefined) return
    const succeededAtMs = this.#ports.clock.nowMs()
    const next = { ...champion, stage: 'archived', succeededAtMs } as const
    this.#write(champion, next, { action: 'promote', ...by })
  }

  #write(
    seen: ModelRecord,
    next: ModelRecord,
    by: { readonly action: ModelEvent['action']; readonly actor: string; readonly reason: string }
  ): ModelRecord {
    const record = { ...next, updatedAtMs: this.#ports.clock.nowMs() }
    if (!this.#ports.store.update(record)) throw mismatch(seen)
    const written = { ...record, revision: record.revision + 1 }
    this.#note(seen, written, by)
    return written
  }

  #note(
    before: ModelRecord | undefined,
    after: ModelRecord | undefined,
    by: { readonly action: ModelEvent['action']; readonly actor: string; readonly reason: string }
  ): void {
    const { action, actor, reason } = by
    const subject = after ?? before
    if (subject === undefined) return
    const { name, version, task } = subject
    this.#ports.store.append({
      ...{ name, version, task, action, actor, reason, atMs: this.#ports.clock.nowMs() },
      stageBefore: before?.stage,
      stageAfter: after?.stage
    })
    this.#ports.audit.append({
      ...{ actor, action: `model.${action}`, target: `model:${modelId(subject)}`, reason },
      before: before === undefined ? undefined : audited(before),
      after: after === undefined ? undefined : audited(after)
    })
  }

  #seat(champion: ModelRecord, kept: ModelPackage): void {
    const loaded = this.#loadedOf(champion, kept)
    this.#ports.seat.serve(champion.task, loaded.model)
    this.#champions.set(champion.task, loaded)
    this.#problems.delete(modelId(champion))
    this.#background.run(() => this.#prepareStandby(champion.task))
  }

  async #seatAtStart(champion: ModelRecord): Promise<void> {
    try {
      const loaded = await this.#load(champion)
      checkFit(loaded.package.manifest, this.#options.tasks.get(champion.task))
      this.#champions.set(champion.task, loaded)
      this.#ports.seat.serve(champion.task, loaded.model)
    } catch (error) {
      if (!(error instanceof ModelError || error instanceof RegistryError)) throw error
      this.#ports.seat.serve(champion.task, undefined)
      this.#report(modelId(champion), error.message)
    }
  }

  async #prepareStandby(task: string): Promise<void> {
    const earlier = this.#ports.store.findLastSucceeded(task)
    if (earlier === undefined) {
      this.#standby.delete(task)
      return
    }
    try {
      this.#standby.set(task, { id: modelId(earlier), loaded: await this.#load(earlier) })
    } catch (error) {
      this.#report(modelId(earlier), messageOf(error))
    }
  }

  async #load(record: ModelRecord): Promise<Loaded> {
    const id = modelId(record)
    const champion = this.#champions.get(record.task)
    const known = [this.#loaded.get(id), this.#standby.get(record.task)?.loaded, champion].find(
      (loaded) => loaded?.package.sha256 === record.digest
    )
    if (known !== undefined) {
      return known.revision === record.revision ? known : this.#remember(record, known.package)
    }
    const opened = await this.#ports.shelf.load(placeOf(record))
    if (opened.sha256 !== record.digest) {
      const message = `expected the package of ${id} to be the one that was installed, got another: install it anew`
      throw new ModelError('HASH_MISMATCH', message)
    }
    return this.#remember(record, opened)
  }

  #remember(record: ModelRecord, opened: ModelPackage): Loaded {
    const loaded = this.#loadedOf(record, opened)
    this.#loaded.set(modelId(record), loaded)
    return loaded
  }

  #loadedOf(record: ModelRecord, opened: ModelPackage): Loaded {
    const fit = this.#options.tasks.get(record.task)
    const model = servedModel(record, opened, fit)
    return { package: opened, revision: record.revision, model }
  }

  #report(id: string, reason: string): void {
    this.#problems.set(id, reason)
    this.#ports.onProblem(id, reason)
  }
}

function placeOf({ name, version, origin }: ModelRecord): ShelvedPackage {
  return { name, version, isShipped: origin === 'shipped' }
}

function checkRevision(record: ModelRecord, revision: number | undefined): void {
  if (revision !== undefined && revision !== record.revision) throw mismatch(record)
}

function mismatch(record: ModelRecord): RegistryError {
  const message = `expected the revision of ${modelId(record)} that is in force, got an earlier one: read it again and decide anew`
  return new RegistryError('REVISION_MISMATCH', message)
}

function isChampion(id: string, wish: string): RegistryError {
  const message = `expected another model, got ${id}, the champion, which cannot ${wish}: promote another, or roll back, first`
  return new RegistryError('MODEL_IS_CHAMPION', message)
}

function audited({ stage, thresholds, notes, revision, digest }: ModelRecord) {
  return { stage, thresholds, notes, revision, digest }
}
