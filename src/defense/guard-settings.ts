/** What the guard's core is set up with: the policy, the mode, who is never acted on, and how long decisions stand. */
import type { Policy } from '../detection/index.ts'
import type { NeverBlock } from './never-block.ts'
import type { ModeSettings } from './ports.ts'

export interface GuardSettings {
  readonly policy: Policy
  readonly mode: ModeSettings
  readonly neverBlock: NeverBlock
  readonly throttleTtlMs: number
  /** How long the first, second, … ban of the same value stands. */
  readonly banLadderMs: readonly number[]
  /** How long an offence counts for the next rung. */
  readonly ladderMemoryMs: number
  readonly maxActive: number
  /** Makes ids; replay counts, the node draws UUIDs of version 7 (RFC 9562). */
  readonly createId: (atMs: number) => string
}
