/**
 * What every actuator implements: it is told the whole set that should be held and makes it so. Applying is idempotent;
 * the difference is found by comparing with what is really held, so drift is mended by the same call.
 */
import type { PrefixText } from '../../base/index.ts'

export type ActuatorAction = 'ban' | 'throttle'

export interface ActuatorEntry {
  /** Canonical prefix, `/32` and `/128` for one address. */
  readonly prefix: PrefixText
  readonly action: ActuatorAction
  /** End by the wall clock, milliseconds; the sweep ends it even if the daemon is dead. */
  readonly untilMs: number
  /** Decision that asks for it; empty for an entry found in place. */
  readonly decisionId: string
}

export interface ApplyReport {
  readonly added: number
  readonly removed: number
  /** Entries that were missing or foreign-altered although an earlier call had put them in place. */
  readonly mended: number
  /** Entries refused by the never-block guard inside the actuator, with the reason. */
  readonly refused: readonly { readonly prefix: PrefixText; readonly reason: string }[]
  /** What a person should know although it was done, such as a damaged record. */
  readonly warnings?: readonly string[]
}

export interface ActuatorProblem {
  readonly code: string
  readonly message: string
  readonly cure: string
}

/** Returns why a prefix may never be acted on, or undefined if it may. Checked again inside every actuator (DESIGN §8.1). */
export type ProtectionCheck = (prefix: PrefixText) => string | undefined

export interface Actuator {
  readonly name: string
  readonly kind: 'haproxy' | 'plain-list' | 'http-list'
  /** Which actions this actuator can carry out. */
  readonly actions: readonly ActuatorAction[]
  /** Makes what is held equal to `desired` (only entries of our own are ever removed). @throws {KeyserverError codes} */
  apply(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<ApplyReport>
  /** What is in force now, read from the real thing. */
  held(signal: AbortSignal): Promise<readonly ActuatorEntry[]>
  /** The exact commands and file changes that `apply` would make, one a line. */
  dryRun(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<readonly string[]>
  /** What is wrong with the set-up, for `doctor`. */
  check(signal: AbortSignal): Promise<readonly ActuatorProblem[]>
  /** How a person undoes or verifies an entry by hand: shown by `decisions explain`. */
  describe(entry: ActuatorEntry): string
  /** Whether an entry turns somebody away as soon as it was applied. @default what `actions` names */
  takesEffect?(entry: ActuatorEntry): boolean
}

/** An actuator that puts entries where they outlive this process. */
export interface SweepableActuator extends Actuator {
  /**
   * Ends entries of ours for which `isOver` holds and touches nothing else; an entry whose end is not known has `untilMs` 0. Needs
   * neither the daemon nor its database, and may run beside it.
   *
   * @throws {KeyserverError codes}
   */
  sweep(
    isOver: (entry: ActuatorEntry) => boolean,
    signal: AbortSignal
  ): Promise<{ readonly removed: number }>
}
