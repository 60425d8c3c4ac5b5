/**
 * Decides which models a node has, in which stage each is, and who is champion of a task: one at most. Every change is one
 * transaction with its audit, and the champion of the database is the one that answers: who is promoted or brought back is loaded
 * first, then stored and seated in the same turn of the event loop.
 */
import { type Clock, messageOf, TaskGroup } from '../base/index.ts'
import { ModelError, type ServedModel } from '../runtime/index.ts'
import { RegistryError } from './errors.ts'
import { checkGate } from './gate-check.ts'
import { LoadedModels, placeOf } from './loaded-models.ts'
import { ModelLedger } from './model-ledger.ts'
import {
  type ChampionSeat,
  type ModelChange,
  type ModelEvent,
  type ModelOrigin,
  type ModelRecord,
  type ModelStage,
  type ModelStore,
  modelId,
  type PackageShelf,
  type PanelSeat,
  type RegistryAudit,
  type ShelvedPackage,
  SYSTEM_ACTOR,
  type TaskFit,
  type UnitOfWork
} from './model-record.ts'
import { type ModelPackage, openPackage, type PackageFiles } from './package/open-package.ts'
import { readTar, writeTar } from './package-tar.ts'
import { checkRevision, checkRoom, isChampion } from './refusals.ts'
import { checkCautious, checkComplete, checkFit, checkThresholds, thresholdsOf } from './served.ts'
import { stageOfShipped } from './shipped.ts'

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
  /** Who asks the models of a task by itself. */
  readonly panel?: PanelSeat | undefined
  /** What could not be loaded, and why. */
  readonly onProblem: (model: string, reason: string) => void
}

interface Installed {
  readonly actor: string
  readonly reason: string
  readonly origin: ModelOrigin
}

const EVENTS_SHOWN = 100

/** Stages whose models see what the champion sees. */
const TRIED: ReadonlySet<ModelStage> = new Set(['shadow', 'canary'])

export class ModelRegistry {
  readonly #options: ModelRegistryOptions
  readonly #ports: ModelRegistryPorts
  readonly #loaded: LoadedModels
  readonly #ledger: ModelLedger
  readonly #problems = new Map<string, string>()
  readonly #background: TaskGroup
  #isInstalling = false

  constructor(options: ModelRegistryOptions, ports: ModelRegistryPorts) {
    this.#options = options
    this.#ports = ports
    this.#loaded = new LoadedModels(options.tasks, ports.shelf)
    this.#ledger = new ModelLedger(ports)
    this.#background = new TaskGroup((error) => ports.onProblem('', messageOf(error)))
  }

  /** Takes in what lies on the shelf and seats the champions. What cannot be loaded is reported, and the rules judge meanwhile. */
  async start(): Promise<void> {
    for (const place of await this.#ports.shelf.list()) await this.#takeIn(place)
    for (const record of this.list()) {
      if (record.stage === 'champion') await this.#seatAtStart(record)
      else if (TRIED.has(record.stage)) await this.#loadTried(record)
    }
    for (const task of new Set(this.list().map((record) => record.task))) this.#seatPanel(task)
    for (const { task, stage } of this.list()) {
      if (stage === 'champion') await this.#prepareStandby(task)
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

  /** Why a model cannot be used, if that was tried and failed. */
  problem(id: string): string | undefined {
    return this.#problems.get(id)
  }

  /** By id, also of packages that were never taken in. */
  problems(): ReadonlyMap<string, string> {
    return this.#problems
  }

  /** Newest first, at most 100. */
  events(task: string): readonly ModelEvent[] {
    return this.#ports.store.events(task, EVENTS_SHOWN)
  }

  /** Its package, checked as ever. @throws {MODEL_NOT_FOUND | ModelError} */
  async package(id: string): Promise<ModelPackage> {
    return (await this.#loaded.get(this.get(id))).package
  }

  /** As it is served. @throws {MODEL_NOT_FOUND | ModelError} */
  async model(id: string): Promise<ServedModel> {
    return (await this.#loaded.get(this.get(id))).model
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
   * @throws {MODEL_NOT_FOUND | REVISION_MISMATCH | MODEL_IS_CHAMPION | MODEL_UNFIT | GATE_FAILED | STAGE_FULL | THRESHOLDS_INVALID | ModelError}
   */
  async change(id: string, change: ModelChange, actor: string): Promise<ModelRecord> {
    const seen = this.get(id)
    checkRevision(seen, change.revision)
    const thresholds = change.thresholds ?? seen.thresholds
    checkThresholds(thresholds)
    if (change.thresholds !== undefined) {
      checkCautious(thresholds, this.#options.tasks.get(seen.task))
    }
    const stage = change.stage ?? seen.stage
    if (seen.stage === 'champion' && stage !== 'champion') throw isChampion(id, 'stay where it is')
    const next = { ...seen, stage, thresholds, notes: change.notes ?? seen.notes }
    const kept = await this.#prepare(next)
    if (kept !== undefined) checkGate(kept.manifest, change)
    // While it was loaded somebody else may have changed it: the update then finds another revision.
    const action = stage === seen.stage ? 'change' : stage === 'champion' ? 'promote' : 'move'
    const by = { actor, reason: change.reason }
    const changed = this.#ports.unitOfWork.run(() => {
      checkRoom(next, this.list())
      if (action === 'promote') this.#ledger.succeed(seen.task, by)
      return this.#ledger.write(seen, next, { action, ...by })
    })
    if (kept !== undefined && stage === 'champion') this.#seat(changed, kept)
    this.#seatPanel(seen.task)
    return changed
  }

  /** Whoever shall see cases is loaded and must fit first; undefined: it shall not. @throws {ModelError | MODEL_UNFIT | THRESHOLDS_INVALID} */
  async #prepare(next: ModelRecord): Promise<ModelPackage | undefined> {
    const { stage, task, thresholds } = next
    if (stage !== 'champion' && !TRIED.has(stage)) return undefined
    const fit = this.#options.tasks.get(task)
    checkComplete(thresholds, fit)
    const kept = (await this.#loaded.get(this.get(modelId(next)))).package
    checkFit(kept.manifest, fit)
    this.#problems.delete(modelId(next))
    return kept
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
    // In memory as a rule: nobody waits for a disk while a bad model answers.
    const kept = (await this.#loaded.get(earlier)).package
    checkFit(kept.manifest, this.#options.tasks.get(task))
    const changed = this.#ports.unitOfWork.run(() => {
      this.#ledger.turnOut(task, { actor, reason })
      const next = { ...earlier, stage: 'champion', succeededAtMs: undefined } as const
      return this.#ledger.write(earlier, next, { action: 'rollback', actor, reason })
    })
    this.#seat(changed, kept)
    this.#seatPanel(task)
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
    this.#ports.unitOfWork.run(() => this.#ledger.remove(record, { actor, reason }))
    this.#loaded.forget(record)
    this.#seatPanel(record.task)
    await this.#ports.shelf.remove(record)
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isInstalling) {
      throw new RegistryError('INSTALL_IN_PROGRESS', 'another package is being installed')
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
    given: Installed & { readonly isVouchedFor: boolean }
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
      return this.#ports.unitOfWork.run(() => this.#insert(opened, 'candidate', given))
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
      this.#welcome(opened, place)
    } catch (error) {
      this.#report(id, error)
    }
  }

  #welcome(opened: ModelPackage, { isShipped }: ShelvedPackage): void {
    const by = {
      actor: SYSTEM_ACTOR,
      reason: isShipped ? 'shipped with the program' : 'found in the data directory'
    }
    const { manifest } = opened
    const fit = this.#options.tasks.get(manifest.task)
    const mayServe = isShipped && fit !== undefined
    const stage = mayServe ? stageOfShipped(manifest, this.#ports.store) : 'candidate'
    if (stage === 'champion') {
      checkFit(manifest, fit)
      checkComplete(thresholdsOf(manifest), fit)
    }
    this.#ports.unitOfWork.run(() => {
      if (stage === 'champion') this.#ledger.succeed(manifest.task, by)
      this.#insert(opened, stage, { ...by, origin: isShipped ? 'shipped' : 'imported' })
    })
  }

  #insert(
    opened: ModelPackage,
    stage: ModelStage,
    { origin, actor, reason }: Installed
  ): ModelRecord {
    const { manifest, sha256 } = opened
    const { name, version, task, kind } = manifest
    const thresholds = thresholdsOf(manifest)
    const record = { name, version, task, kind, stage, origin, digest: sha256, thresholds }
    const inserted = this.#ledger.add({ ...record, notes: '' }, { actor, reason })
    this.#loaded.remember(inserted, opened)
    return inserted
  }

  #seat(champion: ModelRecord, kept: ModelPackage): void {
    this.#ports.seat.serve(champion.task, this.#loaded.seat(champion, kept))
    this.#problems.delete(modelId(champion))
    this.#background.run(() => this.#prepareStandby(champion.task))
  }

  async #seatAtStart(champion: ModelRecord): Promise<void> {
    try {
      const kept = (await this.#loaded.get(champion)).package
      checkFit(kept.manifest, this.#options.tasks.get(champion.task))
      this.#ports.seat.serve(champion.task, this.#loaded.seat(champion, kept))
    } catch (error) {
      this.#ports.seat.serve(champion.task, undefined)
      this.#report(modelId(champion), error)
    }
  }

  async #loadTried(record: ModelRecord): Promise<void> {
    try {
      const { manifest } = (await this.#loaded.get(record)).package
      checkFit(manifest, this.#options.tasks.get(record.task))
    } catch (error) {
      this.#loaded.forget(record)
      this.#report(modelId(record), error)
    }
  }

  /** Whoever could not be loaded has a problem that is shown, and no seat. */
  #seatPanel(task: string): void {
    const usable = this.list().filter((record) => !this.#problems.has(modelId(record)))
    this.#ports.panel?.seat(task, this.#loaded.panelOf(task, usable))
  }

  async #prepareStandby(task: string): Promise<void> {
    const earlier = this.#ports.store.findLastSucceeded(task)
    try {
      await this.#loaded.standBy(task, earlier)
    } catch (error) {
      if (earlier !== undefined) this.#report(modelId(earlier), error)
    }
  }

  /** @throws whatever is no fault of a package */
  #report(id: string, error: unknown): void {
    if (!(error instanceof ModelError || error instanceof RegistryError)) throw error
    this.#problems.set(id, error.message)
    this.#ports.onProblem(id, error.message)
  }
}
