/** The operator's two lists: what they hold, and changes of them, each with its audit row in the same transaction. */
import { displayPrefix, getPrefix, NetminderError, type PrefixText } from '../base/index.ts'
import type { Decision } from './decision.ts'
import { GuardError } from './errors.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'
import { isTooWide, type NeverBlock } from './never-block.ts'
import type { Actor, ListEntry } from './ports.ts'

export interface NewEntry {
  readonly prefix: string
  readonly note: string
  readonly untilMs: number | undefined
}

/** An entry of an import that the guard does not take. */
export interface EntryRefusal {
  /** Place in the import, from 0. */
  readonly index: number
  readonly code: string
  readonly detail: string
}

/** What became of an import: all of it was taken, or nothing, for each of these reasons. */
export type ListImport =
  | { readonly kind: 'imported'; readonly imported: number; readonly unchanged: number }
  | { readonly kind: 'refused'; readonly refusals: readonly EntryRefusal[] }

export interface BlockHow {
  readonly actor: Actor
  readonly neverBlock: NeverBlock
  /** Stores the decisions, in the transaction of the entries. */
  readonly store: (decisions: readonly Decision[]) => void
}

type ListName = 'allowlist' | 'blocklist'
/** "Until removed" for an operator's own block: every decision has an end. */
const NO_END_MS = Date.UTC(9999, 0, 1)

type ListEditorPorts = Pick<
  GuardServicePorts,
  'allowlist' | 'blocklist' | 'audit' | 'unitOfWork' | 'clock' | 'createId'
>

export class ListEditor {
  readonly #ports: ListEditorPorts

  constructor(ports: ListEditorPorts) {
    this.#ports = ports
  }

  /** Entries that have not ended, oldest first. */
  all(list: ListName): readonly ListEntry[] {
    const nowMs = this.#ports.clock.nowMs()
    return this.#ports[list].all().filter((entry) => isCurrent(entry, nowMs))
  }

  /** @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | END_IN_PAST} */
  addToAllowlist(entry: NewEntry, actor: Actor): ListEntry {
    const added = this.#read(entry, actor)
    // An allowlist may be wide (a university), but 0.0.0.0/0 would switch the guard off unseen.
    if (getPrefix(added.prefix).length < 8) {
      throw new GuardError(
        'PREFIX_TOO_WIDE',
        `expected a prefix of /8 or narrower, got ${added.prefix}; "netminder mode shadow" stops all action`
      )
    }
    this.#ports.unitOfWork.run(() => {
      this.#dropEnded('allowlist')
      this.#ports.allowlist.put(added)
      this.#audit('allowlist', { added, actor })
    })
    return added
  }

  /** @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED | END_IN_PAST} */
  addToBlocklist(entry: NewEntry, how: BlockHow): { added: ListEntry; decision: Decision } {
    const added = this.#readBlock(entry, how)
    const decision = this.decide(added)
    this.#ports.unitOfWork.run(() => {
      this.#dropEnded('blocklist')
      this.#ports.blocklist.put(added)
      how.store([decision])
      this.#audit('blocklist', { added, actor: how.actor })
    })
    return { added, decision }
  }

  /**
   * Takes all of the entries, in one transaction with one audit entry, or none. Of two for one prefix the later counts.
   *
   * @param how.isHeld whether the decision of an entry stands: then the same entry again is no change
   */
  importToBlocklist(
    entries: readonly NewEntry[],
    how: BlockHow & { readonly isHeld: (prefix: PrefixText) => boolean }
  ): ListImport {
    const refusals: EntryRefusal[] = []
    const read = new Map<PrefixText, ListEntry>()
    for (const [index, entry] of entries.entries()) {
      try {
        const added = this.#readBlock(entry, how)
        read.set(added.prefix, added)
      } catch (error) {
        if (!(error instanceof NetminderError)) throw error
        refusals.push({ index, code: error.code, detail: error.message })
      }
    }
    if (refusals.length > 0) return { kind: 'refused', refusals }
    const added = [...read.values()].filter(
      (entry) => !(this.#isListed('blocklist', entry) && how.isHeld(entry.prefix))
    )
    if (added.length > 0) this.#storeImport(added, how)
    return { kind: 'imported', imported: added.length, unchanged: read.size - added.length }
  }

  #storeImport(added: readonly ListEntry[], { actor, store }: BlockHow): void {
    const { unitOfWork, blocklist, audit } = this.#ports
    unitOfWork.run(() => {
      this.#dropEnded('blocklist')
      for (const entry of added) blocklist.put(entry)
      store(added.map((entry) => this.decide(entry)))
      audit.append({
        actor,
        action: 'blocklist.import',
        target: `${added.length} prefixes`,
        before: undefined,
        // Of a long list the audit keeps size and hash.
        after: added.map(({ prefix, note, untilMs }) => ({ prefix, note, untilMs })),
        reason: ''
      })
    })
  }

  #isListed(list: ListName, { prefix, note, untilMs }: ListEntry): boolean {
    const before = this.#ports[list].find(prefix)
    return before !== undefined && before.note === note && before.untilMs === untilMs
  }

  /** @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED | END_IN_PAST} */
  #readBlock(entry: NewEntry, how: Pick<BlockHow, 'actor' | 'neverBlock'>): ListEntry {
    const added = this.#read(entry, how.actor)
    const prefix = getPrefix(added.prefix)
    if (isTooWide(prefix)) {
      throw new GuardError(
        'PREFIX_TOO_WIDE',
        `expected a prefix of /24 (IPv6: /48) or narrower, got ${prefix.text}`
      )
    }
    const protection = how.neverBlock.find(prefix.text, added.createdAtMs)
    if (protection !== undefined) {
      throw new GuardError(
        'PROTECTED',
        `expected a prefix that may be acted on, got ${prefix.text}: ${protection.kind} (${protection.detail})`
      )
    }
    return added
  }

  /**
   * @param how.alongside runs in the same transaction
   * @returns the canonical prefix
   * @throws {ADDRESS_INVALID | ENTRY_NOT_FOUND}
   */
  remove(
    list: ListName,
    prefix: string,
    how: { readonly actor: Actor; readonly alongside?: () => void }
  ): PrefixText {
    const { text } = getPrefix(prefix)
    const before = this.all(list).find((entry) => entry.prefix === text)
    if (before === undefined) {
      throw new GuardError('ENTRY_NOT_FOUND', `expected a prefix of the ${list}, got ${text}`)
    }
    this.#ports.unitOfWork.run(() => {
      this.#ports[list].remove(text)
      this.#ports.audit.append({
        actor: how.actor,
        action: `${list}.remove`,
        target: text,
        before,
        after: undefined,
        reason: before.note
      })
      how.alongside?.()
    })
    return text
  }

  /** What has ended goes when something new comes, so that the list does not grow for ever. */
  #dropEnded(list: ListName): void {
    this.#ports[list].removeEnded(this.#ports.clock.nowMs())
  }

  #read(entry: NewEntry, actor: Actor): ListEntry {
    const prefix = getPrefix(entry.prefix)
    const createdAtMs = this.#ports.clock.nowMs()
    if (entry.untilMs !== undefined && entry.untilMs <= createdAtMs) {
      throw new GuardError(
        'END_IN_PAST',
        `expected an end in the future, got ${new Date(entry.untilMs).toISOString()}`
      )
    }
    return {
      prefix: prefix.text,
      note: entry.note,
      addedBy: actor,
      createdAtMs,
      untilMs: entry.untilMs
    }
  }

  /** The decision that an entry of the blocklist stands for. */
  decide(entry: ListEntry): Decision {
    const prefix = getPrefix(entry.prefix)
    const isAddress = !displayPrefix(prefix).includes('/')
    return {
      id: this.#ports.createId(entry.createdAtMs),
      scope: isAddress ? 'address' : 'prefix',
      value: displayPrefix(prefix),
      prefixes: [entry.prefix],
      type: 'ban',
      category: 'other',
      origin: 'operator',
      mode: 'enforce',
      score: 1,
      reasons: [
        {
          rule: 'operator',
          text: `on the operator's own blocklist${entry.note === '' ? '' : `: ${entry.note}`} (${entry.addedBy})`,
          counters: {}
        }
      ],
      lineHashes: [],
      model: undefined,
      offence: 0,
      createdAtMs: entry.createdAtMs,
      untilMs: entry.untilMs ?? NO_END_MS,
      liftedAtMs: undefined,
      liftedBy: undefined,
      liftReason: undefined
    }
  }

  #audit(list: ListName, what: { readonly added: ListEntry; readonly actor: Actor }): void {
    this.#ports.audit.append({
      actor: what.actor,
      action: `${list}.add`,
      target: what.added.prefix,
      before: undefined,
      after: what.added,
      reason: what.added.note
    })
  }
}

function isCurrent(entry: ListEntry, nowMs: number): boolean {
  return entry.untilMs === undefined || entry.untilMs > nowMs
}
