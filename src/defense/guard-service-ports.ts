/** What `GuardService` is given. */
import type { AddressText, Clock, PrefixText } from '../base/index.ts'
import type { Policy } from '../detection/index.ts'
import type { ActuatorEntry } from '../keyserver/index.ts'
import type {
  ActuatorStatus,
  AuditLog,
  DecisionStore,
  EvidenceStore,
  ListStore,
  ModeStore,
  ProtectedFacts,
  UnitOfWork
} from './ports.ts'

/** Several actuators, told together what should be held. */
export interface ActuatorPort {
  setDesired(entries: readonly ActuatorEntry[]): void
  statuses(): readonly ActuatorStatus[]
  dryRun(
    desired: readonly ActuatorEntry[],
    signal: AbortSignal
  ): Promise<readonly { name: string; lines: readonly string[] }[]>
  sweep(signal: AbortSignal): Promise<readonly { name: string; removed: number }[]>
  /** What each actuator did or would do about the entry, one sentence each. */
  describe(entry: ActuatorEntry): readonly string[]
  /** Whether any of them turns the entry's clients away now. */
  isInEffect(entry: ActuatorEntry): boolean
}

export interface ProtectedFactsPort {
  current(): ProtectedFacts
  /** Calls back when the facts have changed; returns the way to stop. */
  onChange(listener: () => void): () => void
}

export interface GuardLogger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** A policy that can also say what it remembers of one source. */
export interface DescribingPolicy extends Policy {
  readonly sourcesTracked: number
  describe(source: AddressText, atMs: number): Readonly<Record<string, number | string>> | undefined
  /** Starts afresh with one source, whose decision a person took back. */
  forget?(source: AddressText): void
}

export interface GuardMetrics {
  decided(type: string, category: string, mode: string): void
  ended(why: string): void
  suppressed(kind: string): void
  observed(kind: string): void
  storeFailed(): void
}

export interface GuardServicePorts {
  readonly policy: DescribingPolicy
  readonly decisions: DecisionStore
  readonly evidence: EvidenceStore
  readonly allowlist: ListStore
  readonly blocklist: ListStore
  readonly mode: ModeStore
  readonly audit: AuditLog
  readonly unitOfWork: UnitOfWork
  readonly actuators: ActuatorPort
  readonly facts: ProtectedFactsPort
  readonly clock: Clock
  readonly logger: GuardLogger
  readonly metrics: GuardMetrics
  readonly createId: (atMs: number) => string
}

export interface GuardServiceOptions {
  readonly treatAsPublic: readonly PrefixText[]
  readonly throttleTtlMs: number
  readonly banLadderMs: readonly number[]
  readonly ladderMemoryMs: number
  readonly maxActive: number
  /** @default 1000 */
  readonly tickMs?: number
}
