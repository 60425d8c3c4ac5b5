/**
 * Takes what people, files, lifted decisions and rules say of sources, and keeps it as labels: every one with who said it and how
 * much it counts. Whoever repeats himself widens his label; who contradicts another is kept beside him.
 */
import {
  type Clock,
  displayPrefix,
  getPrefix,
  NetminderError,
  type Prefix,
  type PrefixText
} from '../base/index.ts'
import { FeedbackError } from './errors.ts'
import { isStronger, LABEL_WEIGHTS, type Label, type LabelSource, type LabelWord } from './label.ts'
import { LABELS_MAX, RULE_LABELS_MAX } from './limits.ts'
import type {
  FeedbackAudit,
  JudgedMatter,
  JudgedMatters,
  LabelQuery,
  LabelStore,
  UnitOfWork
} from './ports.ts'
import type { Evidence } from './row-keeper.ts'

/** What can be said of a subject, whatever it is. */
export interface Statement {
  readonly label: LabelWord
  readonly class: string | undefined
  readonly campaign: string
  readonly note: string
  /** Undefined: a day before the end, or the time of the alert or decision. */
  readonly fromMs: number | undefined
  /** Undefined: now, or the time of the alert or decision. */
  readonly toMs: number | undefined
  /** Undefined: that of its source (`LABEL_WEIGHTS`). */
  readonly weight: number | undefined
}

export type LabelSubject =
  | { readonly kind: 'prefix'; readonly value: string }
  /** The id of an alert, or the beginning of one; or the id of a decision. */
  | { readonly kind: 'alert'; readonly id: string }

export interface ListedLabel {
  readonly label: Label
  /** The label that counts instead where both speak of the same source and moment; undefined: none does. */
  readonly overruledBy: string | undefined
}

export interface LabelRefusal {
  readonly index: number
  readonly code: string
  readonly detail: string
}

export type LabelImport =
  | { readonly kind: 'imported'; readonly added: number; readonly unchanged: number }
  | { readonly kind: 'refused'; readonly refusals: readonly LabelRefusal[] }

export interface LabelDeskPorts {
  readonly labels: LabelStore
  readonly matters: JudgedMatters
  /** Why nothing is ever done about the prefix; undefined if it may be. */
  readonly findProtection: (prefix: PrefixText) => string | undefined
  readonly audit: FeedbackAudit
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly createId: (atMs: number) => string
}

const DAY_MS = 86_400_000
const AHEAD_MAX_MS = 3_650 * DAY_MS
const WIDEST = { ipv4: 24, ipv6: 48 }
/** Of IPv6 a client has a /64 as a whole. */
const NARROWEST_IPV6 = 64
const MATTER_PREFIXES_MAX = 1_000
/** In the audit of an import. */
const SHOWN_MAX = 20

type Draft = Omit<Label, 'id' | 'saidAtMs'>

export class LabelDesk {
  readonly #ports: LabelDeskPorts

  constructor(ports: LabelDeskPorts) {
    this.#ports = ports
  }

  /**
   * Says something of a prefix, or of all that an alert or decision names.
   *
   * @returns the labels that hold it now, as new or as widened ones
   * @throws {ADDRESS_INVALID | PREFIX_TOO_WIDE | PROTECTED | SPAN_INVALID | ALERT_NOT_FOUND | ALERT_AMBIGUOUS |
   *   DECISION_NOT_FOUND | LABELS_FULL}
   */
  say(subject: LabelSubject, statement: Statement, actor: string): readonly Label[] {
    const drafts = this.#draftsOf(subject, statement, actor)
    return this.#ports.unitOfWork.run(() => {
      const said = drafts.map((draft) => this.#keep(draft))
      for (const { label, isNew } of said) {
        if (isNew) this.#audit('label.add', label, { actor, reason: label.note })
      }
      return said.map(({ label }) => label)
    })
  }

  /** Labels of prefixes, as a file holds them: all of them or none, in one transaction with one entry of the audit. */
  import(
    entries: readonly { readonly prefix: string; readonly statement: Statement }[],
    actor: string
  ): LabelImport {
    const refusals: LabelRefusal[] = []
    const drafts: Draft[] = []
    for (const [index, { prefix, statement }] of entries.entries()) {
      try {
        drafts.push(this.#draftOf(prefix, statement, { source: 'import', origin: '', actor }))
      } catch (error) {
        if (!(error instanceof NetminderError)) throw error
        refusals.push({ index, code: error.code, detail: error.message })
      }
    }
    if (refusals.length > 0) return { kind: 'refused', refusals }
    return this.#ports.unitOfWork.run(() => {
      const kept = drafts.map((draft) => this.#keep(draft))
      const added = kept.filter(({ isNew }) => isNew)
      const after = {
        added: added.length,
        prefixes: added.slice(0, SHOWN_MAX).map(({ label }) => label.prefix)
      }
      const entry = { actor, action: 'label.import', target: 'labels', before: undefined }
      this.#ports.audit.append({ ...entry, after, reason: '' })
      return { kind: 'imported', added: added.length, unchanged: kept.length - added.length }
    })
  }

  /** Newest first, each with the one that overrules it. @throws {ADDRESS_INVALID | CURSOR_INVALID} */
  list(query: LabelQuery): {
    readonly items: readonly ListedLabel[]
    readonly nextCursor: string | undefined
  } {
    const prefix = query.prefix === undefined ? undefined : getPrefix(query.prefix).text
    const page = this.#ports.labels.list({ ...query, prefix })
    return {
      items: page.items.map((label) => this.listed(label)),
      nextCursor: page.nextCursor
    }
  }

  listed(label: Label): ListedLabel {
    return { label, overruledBy: this.#overruling(label) }
  }

  /** @throws {LABEL_NOT_FOUND} */
  remove(id: string, actor: string, reason: string): void {
    const { labels, unitOfWork } = this.#ports
    unitOfWork.run(() => {
      const label = labels.find(id)
      if (label === undefined || !labels.remove(id)) {
        const message = `expected the id of a label, got "${id.slice(0, 64)}": "netminder label list" shows them`
        throw new FeedbackError('LABEL_NOT_FOUND', message)
      }
      this.#audit('label.remove', label, { actor, reason })
    })
  }

  /** A person ended what was decided about it before its time. Where labels are full, nothing is kept. */
  noteLifted(matters: readonly JudgedMatter[], actor: string, note: string): void {
    const word = { label: 'benign', class: undefined, campaign: '', weight: undefined } as const
    this.#noteAll(
      matters.flatMap((matter) =>
        matter.prefixes.slice(0, MATTER_PREFIXES_MAX).map((prefix) => ({
          prefix,
          statement: { ...word, note, fromMs: matter.fromMs, toMs: matter.toMs },
          by: { source: 'lifted-decision', origin: matter.id, actor } as const
        }))
      )
    )
  }

  /** Hard evidence of rules. Where it is too much, what was noted first goes. */
  noteEvidence(evidence: readonly Evidence[]): void {
    const word = { label: 'abuse', class: undefined, campaign: '', weight: undefined } as const
    this.#noteAll(
      evidence.map(({ source, fromMs, toMs, rule }) => ({
        prefix: source,
        statement: { ...word, note: rule, fromMs, toMs },
        by: { source: 'rule', origin: '', actor: 'system' } as const
      }))
    )
  }

  #noteAll(
    noted: readonly {
      readonly prefix: string
      readonly statement: Statement
      readonly by: { readonly source: LabelSource; readonly origin: string; readonly actor: string }
    }[]
  ): void {
    this.#ports.unitOfWork.run(() => {
      for (const { prefix, statement, by } of noted) {
        const draft = draftFor(getPrefix(prefix), statement, { ...by, ...spanOf(statement) })
        if (by.source === 'rule' && this.#ports.labels.count('rule') >= RULE_LABELS_MAX) {
          this.#ports.labels.removeOldest('rule')
        }
        if (this.#hasRoom()) this.#keep(draft)
      }
    })

    function spanOf({ fromMs = 0, toMs = 0 }: Statement) {
      return { fromMs, toMs }
    }
  }

  #draftsOf(subject: LabelSubject, statement: Statement, actor: string): readonly Draft[] {
    if (subject.kind === 'prefix') {
      const by = { source: 'operator', origin: '', actor } as const
      return [this.#draftOf(subject.value, statement, by)]
    }
    const matter = this.#matterOf(subject.id)
    const fromMs = statement.fromMs ?? matter.fromMs
    const toMs = statement.toMs ?? Math.max(matter.toMs, fromMs)
    const by = { source: 'verdict', origin: matter.id, actor } as const
    const draftOf = (prefix: PrefixText) =>
      this.#draftOf(prefix, { ...statement, fromMs, toMs }, by)
    const named = matter.prefixes.slice(0, MATTER_PREFIXES_MAX)
    const { findProtection } = this.#ports
    const open = named.filter((prefix) => findProtection(prefix) === undefined)
    // Of an alert that was right, whom it named beside the abusers is not called one; where that is everybody, it is refused.
    return (statement.label === 'abuse' && open.length > 0 ? open : named).map(draftOf)
  }

  /** @throws {ALERT_NOT_FOUND | ALERT_AMBIGUOUS | DECISION_NOT_FOUND} */
  #matterOf(id: string): JudgedMatter {
    const { matters } = this.#ports
    if (id.includes('-')) {
      const decision = matters.decision(id)
      if (decision !== undefined) return decision
      const message = `expected the id of a decision, got "${id}": "netminder decisions list" shows them`
      throw new FeedbackError('DECISION_NOT_FOUND', message)
    }
    const [alert, other] = matters.alerts(id.toLowerCase())
    if (other !== undefined) {
      const message = 'expected the beginning of one id, got that of several: give more of it'
      throw new FeedbackError('ALERT_AMBIGUOUS', message)
    }
    if (alert !== undefined) return alert
    const message = `expected the id of an alert that stands, got "${id}": "netminder alerts list" shows them`
    throw new FeedbackError('ALERT_NOT_FOUND', message)
  }

  #draftOf(
    text: string,
    statement: Statement,
    by: { readonly source: LabelSource; readonly origin: string; readonly actor: string }
  ): Draft {
    const prefix = getPrefix(text)
    const width = prefix.bits.kind()
    if (prefix.length < WIDEST[width]) {
      const message = `expected an address, or a prefix of at least /${WIDEST[width]}, got ${prefix.text}`
      throw new FeedbackError('PREFIX_TOO_WIDE', message)
    }
    const protection = this.#ports.findProtection(prefix.text)
    if (statement.label === 'abuse' && protection !== undefined) {
      const message = `expected an address that something may be done about, got ${displayPrefix(prefix)}: ${protection}`
      throw new FeedbackError('PROTECTED', message)
    }
    const nowMs = this.#ports.clock.nowMs()
    const toMs = statement.toMs ?? Math.max(nowMs, statement.fromMs ?? nowMs)
    const fromMs = statement.fromMs ?? toMs - DAY_MS
    const isSpan = fromMs >= 0 && fromMs <= toMs && toMs <= nowMs + AHEAD_MAX_MS
    if (!isSpan) {
      const message = `expected a time that begins before it ends, within ten years from now, got ${iso(fromMs)} to ${iso(toMs)}`
      throw new FeedbackError('SPAN_INVALID', message)
    }
    return draftFor(prefix, statement, { ...by, fromMs, toMs })
  }

  /** @throws {LABELS_FULL} */
  #keep(draft: Draft): { readonly label: Label; readonly isNew: boolean } {
    const { labels, clock, createId } = this.#ports
    const saidAtMs = clock.nowMs()
    const same = labels.touching(draft).find((label) => isRepeated(label, draft))
    if (same !== undefined) {
      const fromMs = Math.min(same.fromMs, draft.fromMs)
      const toMs = Math.max(same.toMs, draft.toMs)
      const label = { ...same, ...draft, fromMs, toMs, saidAtMs }
      labels.update(label)
      return { label, isNew: false }
    }
    if (!this.#hasRoom()) {
      const message = `expected at most ${LABELS_MAX} labels, got one more: remove some, or let old ones expire`
      throw new FeedbackError('LABELS_FULL', message)
    }
    const label = { ...draft, id: createId(saidAtMs), saidAtMs }
    labels.insert(label)
    return { label, isNew: true }
  }

  /** What rules said gives way to what others say. */
  #hasRoom(): boolean {
    const { labels } = this.#ports
    return labels.count() < LABELS_MAX || labels.removeOldest('rule')
  }

  #overruling(label: Label): string | undefined {
    let strongest = label
    for (const other of this.#ports.labels.touching(label)) {
      if (other.label !== label.label && isStronger(other, strongest)) strongest = other
    }
    return strongest.id === label.id ? undefined : strongest.id
  }

  #audit(action: string, label: Label, by: { readonly actor: string; readonly reason: string }) {
    const { prefix, class: kind, fromMs, toMs, source, weight } = label
    const shown = { prefix, label: label.label, class: kind, fromMs, toMs, source, weight }
    const isAdded = action === 'label.add'
    this.#ports.audit.append({
      ...{ action, target: label.id, actor: by.actor, reason: by.reason },
      before: isAdded ? undefined : shown,
      after: isAdded ? shown : undefined
    })
  }
}

function draftFor(
  prefix: Prefix,
  statement: Statement,
  by: {
    readonly source: LabelSource
    readonly origin: string
    readonly actor: string
    readonly fromMs: number
    readonly toMs: number
  }
): Draft {
  const isHost = prefix.bits.kind() === 'ipv6' && prefix.length > NARROWEST_IPV6
  return {
    prefix: isHost ? getPrefix(`${prefix.bits.toString()}/${NARROWEST_IPV6}`).text : prefix.text,
    ...{ label: statement.label, class: statement.class, campaign: statement.campaign },
    ...{ fromMs: by.fromMs, toMs: by.toMs, source: by.source, origin: by.origin },
    weight: statement.weight ?? LABEL_WEIGHTS[by.source],
    ...{ note: statement.note, saidBy: by.actor }
  }
}

/** The same said again by the same one, of a time that meets the first. */
function isRepeated(label: Label, draft: Draft): boolean {
  return (
    label.prefix === draft.prefix &&
    label.label === draft.label &&
    label.class === draft.class &&
    label.campaign === draft.campaign &&
    label.source === draft.source &&
    label.origin === draft.origin &&
    label.saidBy === draft.saidBy
  )
}

function iso(atMs: number): string {
  return Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15
    ? new Date(atMs).toISOString()
    : 'no time'
}
