/** What the registry knows of a model, and the adapters that it needs. */
import type { ServedModel } from '../runtime/index.ts'
import type { ModelPackage, PackageFiles } from './package/open-package.ts'

/** The program itself, in audit and history. */
export const SYSTEM_ACTOR = 'system'

export const MODEL_STAGES = ['candidate', 'shadow', 'canary', 'champion', 'archived'] as const
export type ModelStage = (typeof MODEL_STAGES)[number]
export type ModelOrigin = 'shipped' | 'imported' | 'trained'

export const VERDICT_STEPS = ['watch', 'throttle', 'ban'] as const
export type Thresholds = Readonly<Partial<Record<(typeof VERDICT_STEPS)[number], number>>>

export interface ModelRecord {
  readonly name: string
  readonly version: string
  readonly task: string
  readonly kind: string
  readonly stage: ModelStage
  readonly origin: ModelOrigin
  /** SHA-256 of its manifest, in hexadecimal. */
  readonly digest: string
  readonly thresholds: Thresholds
  readonly notes: string
  /** Grows with every change. */
  readonly revision: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** When another became champion after it; undefined: it never was one, is one, or was turned out by a rollback. */
  readonly succeededAtMs: number | undefined
}

export interface ModelEvent {
  readonly name: string
  readonly version: string
  readonly task: string
  readonly action: 'install' | 'promote' | 'rollback' | 'move' | 'change' | 'delete'
  readonly stageBefore: ModelStage | undefined
  readonly stageAfter: ModelStage | undefined
  readonly actor: string
  readonly reason: string
  readonly atMs: number
}

export interface ModelChange {
  readonly stage?: ModelStage | undefined
  readonly thresholds?: Thresholds | undefined
  readonly notes?: string | undefined
  /** The revision that the caller has seen; undefined: whichever it is. */
  readonly revision: number | undefined
  /** Although it failed its gate; the reason must say why. */
  readonly isForced?: boolean | undefined
  readonly reason: string
}

/** `name@version`: how a model is called in answers, decisions and addresses. */
export function modelId({
  name,
  version
}: {
  readonly name: string
  readonly version: string
}): string {
  return `${name}@${version}`
}

export interface ModelStore {
  insert(model: Omit<ModelRecord, 'revision'>): void
  /** False if it has another revision by now. */
  update(model: ModelRecord): boolean
  remove(model: Pick<ModelRecord, 'name' | 'version' | 'revision'>): boolean
  find(name: string, version: string): ModelRecord | undefined
  /** Newest first. */
  all(): readonly ModelRecord[]
  findChampion(task: string): ModelRecord | undefined
  findLastSucceeded(task: string): ModelRecord | undefined
  append(event: ModelEvent): void
  /** Newest first. */
  events(task: string, limit: number): readonly ModelEvent[]
}

export interface ShelvedPackage {
  readonly name: string
  readonly version: string
  readonly isShipped: boolean
}

/** Where the files of packages lie. */
export interface PackageShelf {
  /** Folders that look like packages; nothing in them is trusted yet. */
  list(): Promise<readonly ShelvedPackage[]>
  /** @throws {ModelError} unless everything in it is as its manifest says */
  load(place: ShelvedPackage): Promise<ModelPackage>
  /** All of it or nothing. @throws {PACKAGE_UNWRITABLE} */
  put(
    model: { readonly name: string; readonly version: string },
    files: PackageFiles
  ): Promise<void>
  remove(model: { readonly name: string; readonly version: string }): Promise<void>
  /** The files as they are. @throws {ModelError} */
  read(place: ShelvedPackage): Promise<PackageFiles>
}

/** Who answers for a task: the `ModelRunner`. */
export interface ChampionSeat {
  /** From now on every answer is its own. */
  serve(task: string, model: ServedModel | undefined): void
}

/** A model that judges or is tried, with everything that its package says. */
export interface SeatedPackage {
  readonly record: ModelRecord
  readonly package: ModelPackage
}

/** All models of a task that see its cases at one moment. */
export interface TaskPanel {
  readonly champion: SeatedPackage | undefined
  readonly canary: SeatedPackage | undefined
  readonly shadows: readonly SeatedPackage[]
}

/** Who asks the models of a task by itself, as the guard does: told whenever one of them changes. */
export interface PanelSeat {
  /** From now on these are the models of the task. */
  seat(task: string, panel: TaskPanel): void
}

export interface RegistryAudit {
  append(entry: {
    readonly actor: string
    readonly action: string
    readonly target: string
    readonly before: unknown
    readonly after: unknown
    readonly reason: string
  }): void
}

export interface UnitOfWork {
  run<T>(work: () => T): T
}

/** What a task asks of its champion. */
export interface TaskFit {
  /** Undefined: any. */
  readonly featureSetVersion: number | undefined
  /** Names in order; empty: any. */
  readonly features: readonly string[]
  readonly ranges?: readonly (readonly [number, number] | undefined)[] | undefined
  /** Whoever judges must say from which scores on to watch, to slow down and to ban. @default false */
  readonly needsThresholds?: boolean
}
