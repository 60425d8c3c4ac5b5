/** What a guard is given in tests: a policy that says what the test wants, ports that keep all in memory, a clock that can be set. */
import { ManualClock } from '../../src/base/index.ts'
import type {
  ActuatorPort,
  Decision,
  DecisionQuery,
  DecisionStore,
  DescribingPolicy,
  GuardSettings,
  ListEntry,
  ListStore,
  ProtectedEntry,
  Suppression
} from '../../src/defense/index.ts'
import { NeverBlock } from '../../src/defense/index.ts'
import type { StandingDecisions, Verdict } from '../../src/detection/index.ts'
import type { ActuatorEntry, TrafficEvent } from '../../src/keyserver/index.ts'
import { START_MS } from './events.ts'
import { uuidOf } from './store.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
/** Test addresses lie in documentation ranges, which count as public here. */
export const PUBLIC = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32']
export const LADDER_MS = [30 * MINUTE_MS, 2 * HOUR_MS, 8 * HOUR_MS]

export function verdict(fields: Partial<Verdict> = {}): Verdict {
  return {
    atMs: START_MS,
    scope: 'address',
    value: '203.0.113.7',
    members: [],
    level: 'ban',
    category: 'scanner',
    score: 0.9,
    reasons: [{ rule: 'scanner-paths', text: '12 paths of scanners', counters: { paths: 12 } }],
    lineHashes: ['0123456789abcdef'],
    ...fields
  }
}

export function decision(number: number, fields: Partial<Decision> = {}): Decision {
  const value = fields.value ?? '203.0.113.7'
  const createdAtMs = fields.createdAtMs ?? START_MS
  return {
    id: uuidOf(number),
    scope: 'address',
    value,
    prefixes: [value.includes('/') ? value : `${value}/32`],
    type: 'ban',
    category: 'scanner',
    origin: 'detection',
    mode: 'enforce',
    score: 0.9,
    reasons: verdict().reasons,
    lineHashes: [],
    model: undefined,
    offence: 0,
    createdAtMs,
    untilMs: createdAtMs + 30 * MINUTE_MS,
    liftedAtMs: undefined,
    liftedBy: undefined,
    liftReason: undefined,
    ...fields
  }
}

/** Says the verdicts that the test has laid down for the line of an event. */
export class ScriptedPolicy implements DescribingPolicy {
  readonly name = 'scripted'
  readonly sourcesTracked = 0
  readonly verdicts = new Map<string, readonly Verdict[]>()
  readonly session: Record<string, number | string> = {}
  readonly forgotten: string[] = []
  /** What it was told about the source of each event. */
  readonly standingSeen: (string | undefined)[] = []
  failure: Error | undefined

  observe(event: TrafficEvent, standing: StandingDecisions): readonly Verdict[] {
    if (this.failure !== undefined) throw this.failure
    if (event.kind === 'request') {
      this.standingSeen.push(standing.findStanding(event.source)?.level)
    }
    return this.verdicts.get(event.line) ?? []
  }

  describe(): Readonly<Record<string, number | string>> {
    return this.session
  }

  forget(source: string): void {
    this.forgotten.push(source)
  }

  snapshot(): unknown {
    return undefined
  }

  restore(): void {}
}

export function neverBlock(
  allowlist: readonly string[] = [],
  protectedEntries: readonly ProtectedEntry[] = []
): NeverBlock {
  return new NeverBlock({
    treatAsPublic: PUBLIC,
    allowlist: allowlist.map((prefix) => listEntry(prefix)),
    protectedEntries
  })
}

export function listEntry(prefix: string, fields: Partial<ListEntry> = {}): ListEntry {
  return {
    prefix,
    note: '',
    addedBy: 'cli:test',
    createdAtMs: START_MS,
    untilMs: undefined,
    ...fields
  }
}

export function settings(fields: Partial<GuardSettings> = {}): GuardSettings {
  let ids = 0
  return {
    policy: new ScriptedPolicy(),
    mode: { overall: 'enforce', byCategory: {}, previous: undefined },
    neverBlock: neverBlock(),
    throttleTtlMs: 10 * MINUTE_MS,
    banLadderMs: LADDER_MS,
    ladderMemoryMs: 7 * 24 * HOUR_MS,
    maxActive: 1_000,
    createId: () => uuidOf(++ids),
    ...fields
  }
}

/** Time passes by `advance`; `setBy` sets the wall clock without any time passing. */
export class SettableClock extends ManualClock {
  #setByMs = 0

  override nowMs(): number {
    return super.nowMs() + this.#setByMs
  }

  setBy(ms: number): void {
    this.#setByMs += ms
  }
}

export class MemoryDecisions implements DecisionStore {
  readonly byId = new Map<string, Decision>()
  readonly held: Suppression[] = []
  failure: Error | undefined

  insert(made: Decision): void {
    if (this.failure !== undefined) throw this.failure
    if (this.byId.has(made.id)) throw new Error(`expected a new id, got ${made.id}`)
    this.byId.set(made.id, made)
  }

  update(made: Decision): void {
    if (this.failure !== undefined) throw this.failure
    if (!this.byId.has(made.id)) throw new Error(`expected a known id, got ${made.id}`)
    this.byId.set(made.id, made)
  }

  find(id: string): Decision | undefined {
    return this.byId.get(id)
  }

  list(query: DecisionQuery) {
    const items = [...this.byId.values()]
      .filter((d) => query.type === undefined || d.type === query.type)
      .filter((d) => query.mode === undefined || d.mode === query.mode)
      .filter((d) => query.value === undefined || d.value === query.value)
      .filter((d) => d.createdAtMs >= (query.sinceMs ?? 0))
      .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
    const from = Number(query.cursor ?? 0)
    const next = from + query.limit
    const nextCursor = next < items.length ? String(next) : undefined
    return { items: items.slice(from, next), nextCursor }
  }

  active(atMs: number): readonly Decision[] {
    return [...this.byId.values()].filter((d) => (d.liftedAtMs ?? d.untilMs) > atMs)
  }

  insertSuppression(suppression: Suppression): void {
    if (this.failure !== undefined) throw this.failure
    this.held.push(suppression)
  }

  suppressions(): readonly Suppression[] {
    return this.held
  }
}

export class MemoryList implements ListStore {
  readonly entries = new Map<string, ListEntry>()

  all(): readonly ListEntry[] {
    return [...this.entries.values()]
  }

  put(entry: ListEntry): void {
    this.entries.set(entry.prefix, entry)
  }

  find(prefix: string): ListEntry | undefined {
    return this.entries.get(prefix)
  }

  remove(prefix: string): boolean {
    return this.entries.delete(prefix)
  }

  removeEnded(atMs: number): void {
    for (const { prefix, untilMs } of this.all()) {
      if (untilMs !== undefined && untilMs <= atMs) this.entries.delete(prefix)
    }
  }
}

/** Keeps what it was told last, and how often. */
export class RecordingActuators implements ActuatorPort {
  desired: readonly ActuatorEntry[] = []
  told = 0
  /** Called before the new set is taken over. */
  onDesired: (entries: readonly ActuatorEntry[]) => void = () => {}

  setDesired(entries: readonly ActuatorEntry[]): void {
    this.onDesired(entries)
    this.desired = entries
    this.told++
  }

  statuses() {
    return []
  }

  async dryRun(desired: readonly ActuatorEntry[]) {
    return [{ name: 'list', lines: desired.map((entry) => `add ${entry.prefix}`) }]
  }

  async sweep() {
    return []
  }

  describe(entry: ActuatorEntry): readonly string[] {
    return [`list: ${entry.prefix}`]
  }

  isInEffect(): boolean {
    return true
  }
}
