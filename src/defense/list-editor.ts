/** The operator's two lists: what they hold, and changes of them, each with its audit row in the same transaction. */
import { displayPrefix, getPrefix, type PrefixText } from '../base/index.ts'
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

  /**
   * @param how.store stores the decision, in the transaction of the entry
   * @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED | END_IN_PAST}
   */
  addToBlocklist(
    entry: NewEntry,
    how: {
      readonly actor: Actor
      readonly neverBlock: NeverBlock
      readonly store: (decision: Decision) => void
    }
  ): { added: ListEntry; decision: Decision } {
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
    const decision = this.decide(added)
    this.#ports.unitOfWork.run(() => {
      this.#dropEnded('blocklist')
      this.#ports.blocklist.put(added)
      how.store(decision)
      this.#audit('blocklist', { added, actor: how.actor })
    })
    return { added, decision }
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
    const nowMs = this.#ports.clock.nowMs()
    for (const entry of this.#ports[list].all()) {
      if (!isCurrent(entry, nowMs)) this.#ports[list].remove(entry.prefix)
    }
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
