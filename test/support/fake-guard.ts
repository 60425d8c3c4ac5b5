/** A guard that keeps its state in arrays and writes down what it was asked. */
import {
  type AddressText,
  displayPrefix,
  findAddress,
  findPrefix,
  getAddress,
  getPrefix,
  NetminderError
} from '../../src/base/index.ts'
import type {
  Decision,
  EntryRefusal,
  Explanation,
  GuardApi,
  GuardEffect,
  ListEntry,
  ListImport,
  ModeSettings,
  Page
} from '../../src/defense/index.ts'
import type { ModelEvidence } from '../../src/detection/index.ts'
import { evidence } from './evidence.ts'

export const SAMPLE_DECISION_ID = '01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3d'

export function sampleDecision(overrides: Partial<Decision> = {}): Decision {
  return {
    id: SAMPLE_DECISION_ID,
    scope: 'address',
    value: '198.51.100.7',
    prefixes: ['198.51.100.7/32'],
    type: 'ban',
    category: 'scanner',
    origin: 'detection',
    mode: 'enforce',
    score: 0.97,
    reasons: [{ rule: 'scan-paths', text: '12 unknown paths.', counters: { unknownPaths: 12 } }],
    lineHashes: ['0123456789abcdef'],
    model: undefined,
    offence: 0,
    createdAtMs: Date.now() - 1_000,
    untilMs: Date.now() + 1_800_000,
    liftedAtMs: undefined,
    liftedBy: undefined,
    liftReason: undefined,
    ...overrides
  }
}

function failure(code: string, message: string): NetminderError {
  return new NetminderError(code, message)
}

export class FakeGuard implements GuardApi {
  decisionsHeld: Decision[] = [sampleDecision()]
  /** Of every decision. */
  evidence: ModelEvidence | undefined = evidence()
  allowed: ListEntry[] = [entryOf('203.0.113.0/29')]
  blocked: ListEntry[] = [entryOf('203.0.113.99/32')]
  settings: ModeSettings = { overall: 'shadow', byCategory: {}, previous: undefined }
  held: string[] = ['198.51.100.7/32']
  /** Thrown by every call, to see what leaves the node. */
  failure: Error | undefined
  calls: { readonly what: string; readonly actor: string }[] = []
  /** Awaited by `sweep`. */
  gate: Promise<void> = Promise.resolve()
  readonly #listeners = new Set<(effect: GuardEffect) => void>()

  get listenerCount(): number {
    return this.#listeners.size
  }

  emit(effect: GuardEffect): void {
    for (const listener of this.#listeners) listener(effect)
  }

  #note(what: string, actor: string): void {
    if (this.failure !== undefined) throw this.failure
    this.calls.push({ what, actor })
  }

  status() {
    this.#note('status', '')
    return {
      startedAtMs: 0,
      mode: this.settings,
      policy: 'rules',
      eventsTotal: 5,
      sourcesTracked: 2,
      activeDecisions: { ban: 1, throttle: 0, watch: 0 },
      lastEventAtMs: undefined,
      actuators: this.actuators()
    }
  }

  decisions(query: {
    readonly cursor?: string | undefined
    readonly limit: number
  }): Page<Decision> {
    this.#note('decisions', '')
    const from = Number(query.cursor ?? 0)
    const items = this.decisionsHeld.slice(from, from + query.limit)
    const next = from + items.length
    return { items, nextCursor: next < this.decisionsHeld.length ? String(next) : undefined }
  }

  explain(address: AddressText): Explanation {
    this.#note('explain', '')
    const canonical = getAddress(address)
    return {
      address: canonical,
      atMs: Date.now(),
      protectedBy: undefined,
      decisions: this.decisionsHeld
        .filter((decision) => decision.value === canonical)
        .map((decision) => ({
          decision,
          state: 'in-force',
          carriedOut: ['HAProxy blacklist.list'],
          isInEffect: true,
          evidence: this.evidence,
          undo: `netminder decisions lift ${decision.id}`
        })),
      suppressions: [],
      session: { requests: 12 }
    }
  }

  lift(id: string, actor: string, reason: string): Decision {
    this.#note('lift', actor)
    const decision = this.decisionsHeld.find((candidate) => candidate.id === id)
    if (decision === undefined)
      throw failure('DECISION_NOT_FOUND', `expected a decision, got ${id}`)
    if (decision.liftedAtMs !== undefined) throw failure('DECISION_NOT_ACTIVE', 'it has ended')
    const lifted = { ...decision, liftedAtMs: Date.now(), liftedBy: actor, liftReason: reason }
    this.decisionsHeld = this.decisionsHeld.map((other) => (other.id === id ? lifted : other))
    return lifted
  }

  allowlist(): readonly ListEntry[] {
    this.#note('allowlist', '')
    return this.allowed
  }

  allow(entry: { prefix: string; note: string; untilMs: number | undefined }, actor: string) {
    this.#note('allow', actor)
    const made = entryOf(entry.prefix, { ...entry, addedBy: actor })
    this.allowed = [...this.allowed.filter((other) => other.prefix !== made.prefix), made]
    return made
  }

  disallow(prefix: string, actor: string): void {
    this.#note('disallow', actor)
    const { text } = getPrefix(prefix)
    if (!this.allowed.some((entry) => entry.prefix === text))
      throw failure('ENTRY_NOT_FOUND', `expected an entry, got ${prefix}`)
    this.allowed = this.allowed.filter((entry) => entry.prefix !== text)
  }

  blocklist(): readonly ListEntry[] {
    this.#note('blocklist', '')
    return this.blocked
  }

  block(entry: { prefix: string; note: string; untilMs: number | undefined }, actor: string) {
    this.#note('block', actor)
    const prefix = getPrefix(entry.prefix)
    if (prefix.length < 8) throw failure('PREFIX_TOO_WIDE', 'expected at most /8')
    if (prefix.text.startsWith('127.')) throw failure('PROTECTED', 'loopback is protected')
    const made = entryOf(entry.prefix, { ...entry, addedBy: actor })
    this.blocked = [...this.blocked, made]
    const value = displayPrefix(prefix)
    return {
      entry: made,
      decision: sampleDecision({
        value,
        scope: findAddress(value) === undefined ? 'prefix' : 'address',
        prefixes: [prefix.text],
        origin: 'operator'
      })
    }
  }

  importBlocks(
    entries: readonly { prefix: string; note: string; untilMs: number | undefined }[],
    actor: string
  ): ListImport {
    this.#note('importBlocks', actor)
    const refusals: EntryRefusal[] = []
    for (const [index, { prefix }] of entries.entries()) {
      if (findPrefix(prefix) === undefined) {
        refusals.push({
          index,
          code: 'ADDRESS_INVALID',
          detail: `expected a prefix, got ${prefix}`
        })
      } else if (prefix.startsWith('127.')) {
        refusals.push({ index, code: 'PROTECTED', detail: 'loopback is protected' })
      }
    }
    if (refusals.length > 0) return { kind: 'refused', refusals }
    const made = entries.map((entry) => entryOf(entry.prefix, { ...entry, addedBy: actor }))
    this.blocked = [...this.blocked, ...made]
    return { kind: 'imported', imported: made.length, unchanged: 0 }
  }

  unblock(prefix: string, actor: string): void {
    this.#note('unblock', actor)
    const { text } = getPrefix(prefix)
    if (!this.blocked.some((entry) => entry.prefix === text))
      throw failure('ENTRY_NOT_FOUND', `expected an entry, got ${prefix}`)
    this.blocked = this.blocked.filter((entry) => entry.prefix !== text)
  }

  mode(): ModeSettings {
    this.#note('mode', '')
    return this.settings
  }

  setMode(change: Parameters<GuardApi['setMode']>[0], actor: string): ModeSettings {
    this.#note('setMode', actor)
    const { overall, byCategory } = this.settings
    this.settings = {
      overall: change.category === undefined ? change.mode : overall,
      byCategory:
        change.category === undefined ? {} : { ...byCategory, [change.category]: change.mode },
      previous: { overall, byCategory }
    }
    return this.settings
  }

  undoMode(actor: string): ModeSettings {
    this.#note('undoMode', actor)
    const { previous } = this.settings
    if (previous === undefined) throw failure('NOTHING_TO_UNDO', 'expected an earlier mode')
    this.settings = { ...previous, previous: undefined }
    return this.settings
  }

  shadowReport(sinceMs: number) {
    this.#note('shadowReport', '')
    return {
      fromMs: sinceMs,
      toMs: Date.now(),
      wouldBan: 1,
      wouldThrottle: 0,
      byCategory: { scanner: 1 },
      doubtful: [{ decision: sampleDecision(), sign: 'it fetches the same key again and again' }],
      examples: [sampleDecision()]
    }
  }

  actuators() {
    return [
      {
        name: 'haproxy',
        kind: 'haproxy',
        state: 'ok' as const,
        desired: 1,
        held: 1,
        lastAppliedAtMs: Date.now(),
        lastError: undefined,
        nextRetryAtMs: undefined,
        mendedTotal: 0
      }
    ]
  }

  async dryRun() {
    this.#note('dryRun', '')
    return [{ name: 'haproxy', lines: ['add acl @1 blacklist.list 198.51.100.7'] }]
  }

  async sweep() {
    this.#note('sweep', '')
    await this.gate
    return [{ name: 'haproxy', removed: 1 }]
  }

  subscribe(listener: (effect: GuardEffect) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  heldPrefixes(): readonly string[] {
    this.#note('heldPrefixes', '')
    return this.held
  }
}

function entryOf(
  prefix: string,
  given: { note: string; untilMs: number | undefined; addedBy: string } = {
    note: 'a note',
    untilMs: undefined,
    addedBy: 'token:admin'
  }
): ListEntry {
  const { note, untilMs, addedBy } = given
  return { prefix: getPrefix(prefix).text, note, untilMs, addedBy, createdAtMs: Date.now() }
}
