/** The decision store against a model in memory, under any sequence of inserts, overwrites and transactions that fail. */
import fc from 'fast-check'
import { equal, is } from 'uvu/assert'
import { findPrefix, prefixContains } from '../../src/base/index.ts'
import type {
  Decision,
  DecisionQuery,
  DecisionStore,
  ListStore,
  ModeSettings,
  ModeStore,
  UnitOfWork
} from '../../src/defense/index.ts'
import { DecisionRepository, ListRepository, ModeRepository } from '../../src/store/index.ts'
import { makeDecision, makeStore, removeStore, START_MS, uuidOf } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('decision store', { timeoutMs: 60_000 })

/** What the port promises, said as plainly as possible. */
class ModelStore {
  readonly decisions = new Map<string, Decision>()

  list(query: DecisionQuery): Decision[] {
    const wanted = query.value === undefined ? undefined : findPrefix(query.value)
    return [...this.decisions.values()]
      .filter((d) => query.type === undefined || d.type === query.type)
      .filter((d) => query.category === undefined || d.category === query.category)
      .filter((d) => query.mode === undefined || d.mode === query.mode)
      .filter((d) => query.sinceMs === undefined || d.createdAtMs >= query.sinceMs)
      .filter(
        (d) =>
          query.activeAtMs === undefined ||
          (d.createdAtMs <= query.activeAtMs && endOf(d) > query.activeAtMs)
      )
      .filter(
        (d) =>
          query.value === undefined ||
          d.value === query.value ||
          d.prefixes.some((text) => {
            const outer = findPrefix(text)
            return wanted !== undefined && outer !== undefined && prefixContains(outer, wanted)
          })
      )
      .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
  }
}

function endOf(decision: Decision): number {
  return Math.min(decision.untilMs, decision.liftedAtMs ?? decision.untilMs)
}

const PREFIXES = [
  '192.0.2.7/32',
  '192.0.2.0/24',
  '192.0.0.0/16',
  '198.51.100.9/32',
  '0.0.0.0/0',
  '2001:db8::7/128',
  '2001:db8::/64'
]
const VALUES = [...PREFIXES, '192.0.2.7', '2001:db8::7', 'swarm:harvesting:1', '203.0.113.1']

const decision = fc
  .record({
    number: fc.integer({ min: 0, max: 15 }),
    value: fc.constantFrom(...VALUES),
    prefixes: fc.array(fc.constantFrom(...PREFIXES), { maxLength: 5 }),
    type: fc.constantFrom('ban' as const, 'throttle' as const, 'watch' as const),
    category: fc.constantFrom('harvesting' as const, 'scanner' as const),
    mode: fc.constantFrom('shadow' as const, 'enforce' as const),
    createdAtMs: fc.integer({ min: START_MS, max: START_MS + 5 }),
    ttlMs: fc.integer({ min: 0, max: 5 }),
    liftedAfterMs: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
    model: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    text: fc.string({ unit: 'grapheme' })
  })
  .map(({ number, ttlMs, liftedAfterMs, text, ...fields }) => {
    const lifted = liftedAfterMs === undefined ? undefined : fields.createdAtMs + liftedAfterMs
    return makeDecision(number, {
      ...fields,
      untilMs: fields.createdAtMs + ttlMs,
      reasons: [{ rule: 'r', text, counters: { n: ttlMs } }],
      liftedAtMs: lifted,
      liftedBy: lifted === undefined ? undefined : 'cli:me',
      liftReason: lifted === undefined ? undefined : text
    }) as Decision
  })

const query = fc.record(
  {
    value: fc.constantFrom(...VALUES),
    type: fc.constantFrom('ban' as const, 'throttle' as const),
    category: fc.constantFrom('harvesting' as const, 'scanner' as const),
    mode: fc.constantFrom('shadow' as const, 'enforce' as const),
    activeAtMs: fc.integer({ min: START_MS, max: START_MS + 8 }),
    sinceMs: fc.integer({ min: START_MS, max: START_MS + 5 }),
    limit: fc.integer({ min: 1, max: 7 })
  },
  { requiredKeys: ['limit'] }
)

const step = fc.record({ decision, isUndone: fc.boolean() })

/** Every page after the other. */
function listAll(store: DecisionStore, wanted: DecisionQuery): Decision[] {
  const items: Decision[] = []
  let cursor: string | undefined
  do {
    const page = store.list({ ...wanted, cursor })
    is(page.items.length <= wanted.limit, true)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return items
}

test('holds and finds exactly what a model in memory does', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(query, { minLength: 3, maxLength: 6 }),
      (steps, queries) => {
        const store = makeStore()
        try {
          const decisions: DecisionStore = new DecisionRepository<Decision>(store.db)
          const unit: UnitOfWork = store.db.transaction
          const model = new ModelStore()
          for (const { decision: given, isUndone } of steps) {
            const write = () => {
              if (model.decisions.has(given.id)) decisions.update(given)
              else decisions.insert(given)
              if (isUndone) throw new Error('undo')
            }
            try {
              unit.run(write)
              model.decisions.set(given.id, given)
            } catch (error) {
              is((error as Error).message, 'undo')
            }
          }
          for (const [id, expected] of model.decisions) equal(decisions.find(id), expected)
          for (const wanted of queries) equal(listAll(decisions, wanted), model.list(wanted))
          equal(
            new Set(decisions.active(START_MS + 3).map(({ id }) => id)),
            new Set(
              [...model.decisions.values()]
                .filter((d) => endOf(d) > START_MS + 3)
                .map(({ id }) => id)
            )
          )
        } finally {
          removeStore(store)
        }
      }
    ),
    { numRuns: 60, seed: 11 }
  )
})

test('keeps allowlist and blocklist apart, and replaces an entry of the same prefix', () => {
  const store = makeStore()
  try {
    const allowlist: ListStore = new ListRepository(store.db, 'allowlist')
    const blocklist: ListStore = new ListRepository(store.db, 'blocklist')
    const entry = {
      prefix: '192.0.2.0/24',
      note: 'office',
      addedBy: 'cli:me',
      createdAtMs: START_MS,
      untilMs: undefined
    }
    allowlist.put(entry)
    equal(blocklist.all(), [])
    allowlist.put({ ...entry, note: 'new office', untilMs: START_MS + 1 })
    equal(allowlist.all(), [{ ...entry, note: 'new office', untilMs: START_MS + 1 }])
    is(blocklist.remove(entry.prefix), false)
    is(allowlist.remove(entry.prefix), true)
    equal(allowlist.all(), [])
  } finally {
    removeStore(store)
  }
})

test('gives the initial mode until one is set, and then the last one with what stood before', () => {
  const store = makeStore()
  try {
    const initial: ModeSettings = { overall: 'shadow', byCategory: {}, previous: undefined }
    const modes: ModeStore = new ModeRepository<ModeSettings>(store.db, initial)
    equal(modes.get(), initial)
    const changed: ModeSettings = {
      overall: 'enforce',
      byCategory: { harvesting: 'shadow' },
      previous: { overall: 'shadow', byCategory: {} }
    }
    modes.set(changed)
    equal(modes.get(), changed)
    modes.set(initial)
    equal(modes.get(), initial)
  } finally {
    removeStore(store)
  }
})

test('finds nothing under an id that is none', () => {
  const store = makeStore()
  try {
    const decisions: DecisionStore = new DecisionRepository<Decision>(store.db)
    is(decisions.find('../etc/passwd'), undefined)
    is(decisions.find(uuidOf(1)), undefined)
  } finally {
    removeStore(store)
  }
})
