/** What the local API and the CLI may ask of the guard. Implemented by `GuardService`. */
import type { PrefixText } from '../base/index.ts'
import type { Category } from '../detection/index.ts'
import type { Decision, GuardEffect, Mode } from './decision.ts'
import type { ListImport } from './list-editor.ts'
import type {
  Actor,
  ActuatorStatus,
  DecisionQuery,
  Explanation,
  ListEntry,
  ModeSettings,
  Page
} from './ports.ts'

/** What would have been blocked in shadow mode, shown before `enforce` is believed. */
export interface ShadowReport {
  readonly fromMs: number
  readonly toMs: number
  readonly wouldBan: number
  readonly wouldThrottle: number
  readonly byCategory: Readonly<Partial<Record<Category, number>>>
  /** Decisions whose subject shows signs of being harmless, with the sign. */
  readonly doubtful: readonly { readonly decision: Decision; readonly sign: string }[]
  readonly examples: readonly Decision[]
}

export interface GuardStatus {
  readonly startedAtMs: number
  readonly mode: ModeSettings
  readonly policy: string
  readonly eventsTotal: number
  readonly sourcesTracked: number
  readonly activeDecisions: Readonly<Record<'ban' | 'throttle' | 'watch', number>>
  readonly lastEventAtMs: number | undefined
  readonly actuators: readonly ActuatorStatus[]
}

export interface GuardApi {
  status(): GuardStatus
  decisions(query: DecisionQuery): Page<Decision>
  /** @throws {ADDRESS_INVALID} */
  explain(address: string): Explanation
  /** @throws {DECISION_NOT_FOUND | DECISION_NOT_ACTIVE} */
  lift(id: string, actor: Actor, reason: string): Decision
  allowlist(): readonly ListEntry[]
  /** Ends every decision the entry covers. @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE} */
  allow(
    entry: { prefix: string; note: string; untilMs: number | undefined },
    actor: Actor
  ): ListEntry
  /** @throws {ENTRY_NOT_FOUND} */
  disallow(prefix: string, actor: Actor): void
  blocklist(): readonly ListEntry[]
  /** The operator's own block: applied in shadow mode too. @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED} */
  block(
    entry: { prefix: string; note: string; untilMs: number | undefined },
    actor: Actor
  ): { entry: ListEntry; decision: Decision }
  /** Blocks of the operator, all of them or none, in one transaction. */
  importBlocks(
    entries: readonly { prefix: string; note: string; untilMs: number | undefined }[],
    actor: Actor
  ): ListImport
  /** @throws {ENTRY_NOT_FOUND} */
  unblock(prefix: string, actor: Actor): void
  mode(): ModeSettings
  setMode(
    change: { mode: Mode; category: Category | undefined },
    actor: Actor,
    reason: string
  ): ModeSettings
  /** @throws {NOTHING_TO_UNDO} */
  undoMode(actor: Actor): ModeSettings
  shadowReport(sinceMs: number): ShadowReport
  actuators(): readonly ActuatorStatus[]
  dryRun(signal: AbortSignal): Promise<readonly { name: string; lines: readonly string[] }[]>
  /** Ends what outlived its time at every actuator. */
  sweep(signal: AbortSignal): Promise<readonly { name: string; removed: number }[]>
  /** Calls back for every effect from now on; returns the way to stop. */
  subscribe(listener: (effect: GuardEffect) => void): () => void
  /** Prefixes that are banned or throttled now, for lists in plain text. */
  heldPrefixes(type: 'ban' | 'throttle'): readonly PrefixText[]
}
