/**
 * The decisions behind the operator's own blocklist: made with the entries, and again when what protected an address has gone.
 * Stored first; only then they stand.
 */
import type { PrefixText } from '../base/index.ts'
import type { Decision, GuardEffect } from './decision.ts'
import { liftedBy } from './decision-end.ts'
import type { DecisionJournal } from './decision-journal.ts'
import type { GuardState } from './guard-state.ts'
import type { ListEditor, ListImport, NewEntry } from './list-editor.ts'
import type { NeverBlock } from './never-block.ts'
import type { Actor, ListEntry } from './ports.ts'

type Change = Exclude<GuardEffect, { kind: 'suppressed' }>

export interface OwnBlocksAt {
  readonly state: GuardState
  readonly neverBlock: NeverBlock
}

export interface BlockAt extends OwnBlocksAt {
  readonly actor: Actor
}

export class OwnBlocks {
  readonly #lists: ListEditor
  readonly #journal: DecisionJournal

  constructor(lists: ListEditor, journal: DecisionJournal) {
    this.#lists = lists
    this.#journal = journal
  }

  /** @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED | END_IN_PAST} and what the store throws; then nothing has changed */
  add(
    entry: NewEntry,
    at: BlockAt
  ): { added: ListEntry; decision: Decision; changes: readonly Change[] } {
    const pending = this.#pending(at)
    const { added, decision } = this.#lists.addToBlocklist(entry, { ...at, store: pending.store })
    return { added, decision, changes: pending.putInForce() }
  }

  /** All of it or nothing. @throws what the store throws */
  import(
    entries: readonly NewEntry[],
    at: BlockAt
  ): { outcome: ListImport; changes: readonly Change[] } {
    const pending = this.#pending(at)
    const outcome = this.#lists.importToBlocklist(entries, {
      ...at,
      isHeld: (prefix) => isHeld(at.state, prefix),
      store: pending.store
    })
    return { outcome, changes: pending.putInForce() }
  }

  /** An entry whose decision was let go while something protected it stands again when nothing does. */
  resume({ state, neverBlock }: OwnBlocksAt): readonly Change[] {
    const changes: Change[] = []
    for (const entry of this.#lists.all('blocklist')) {
      if (isHeld(state, entry.prefix)) continue
      if (neverBlock.find(entry.prefix, state.clock.nowMs) !== undefined) continue
      const decision = this.#lists.decide(entry)
      state.standing.put(decision)
      changes.push({ kind: 'decided', decision })
    }
    return changes
  }

  /** Changes that come into force after their transaction. */
  #pending({ state, actor }: BlockAt) {
    const changes: Change[] = []
    return {
      store: (made: readonly Decision[]) => {
        for (const decision of made) {
          const before = state.standing.findByValue(decision.value)
          if (before !== undefined) changes.push(replacement(before, decision, actor))
          changes.push({ kind: 'decided', decision })
        }
        this.#journal.write(changes)
      },
      putInForce: () => {
        for (const { kind, decision } of changes) {
          if (kind === 'ended') state.standing.remove(decision.id)
          else state.standing.put(decision)
        }
        return changes
      }
    }
  }
}

/** What the operator says anew about his own block stands in the audit as an addition; that detection's decision ends is a lift. */
function replacement(before: Decision, made: Decision, by: Actor): Change {
  const { createdAtMs: atMs } = made
  const liftReason = 'replaced by the operator’s own block'
  const decision = liftedBy(before, { atMs, by, liftReason })
  const why = before.origin === 'operator' ? 'superseded' : 'lifted'
  return { kind: 'ended', decision, atMs, why }
}

function isHeld({ standing }: GuardState, prefix: PrefixText): boolean {
  for (const { origin, prefixes } of standing.overlapping(prefix)) {
    if (origin === 'operator' && prefixes.includes(prefix)) return true
  }
  return false
}
