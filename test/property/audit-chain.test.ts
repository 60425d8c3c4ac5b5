/** Laws of the audit: whatever is recorded verifies, and no change of one field of one entry goes unseen. */
import fc from 'fast-check'
import { equal, is } from 'uvu/assert'
import { AuditChecker, EMPTY_TAIL } from '../../src/store/audit-check.ts'
import { type AuditRow, hashAuditRow } from '../../src/store/audit-row.ts'
import { makeStore, removeStore } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('audit chain', { timeoutMs: 60_000 })

const text = fc.string({ unit: 'binary', maxLength: 20 })
const entry = fc.record({
  actor: text,
  action: text.filter((action) => action !== 'audit.discontinuity'),
  target: text,
  before: fc.option(fc.jsonValue(), { nil: undefined }),
  after: fc.option(fc.jsonValue(), { nil: undefined }),
  reason: text
})

test('any sequence of appends, in any grouping and with any failures, verifies', async () => {
  const groups = fc.array(
    fc.record({ entries: fc.array(entry, { maxLength: 5 }), isUndone: fc.boolean() }),
    { maxLength: 8 }
  )
  await fc.assert(
    fc.asyncProperty(groups, async (given) => {
      const store = makeStore()
      try {
        let kept = 0
        for (const { entries, isUndone } of given) {
          try {
            store.db.transaction.run(() => {
              for (const each of entries) store.audit.append(each)
              if (isUndone) throw new Error('undo')
            })
            kept += entries.length
          } catch (error) {
            is((error as Error).message, 'undo')
          }
        }
        equal(await store.audit.verify(), { rows: kept, faults: [] })
        is(store.audit.list({ limit: 1_000 }).items.length, kept)
      } finally {
        removeStore(store)
      }
    }),
    { numRuns: 40, seed: 5 }
  )
})

function chainOf(
  entries: readonly { actor: string; action: string; target: string; reason: string }[]
): AuditRow[] {
  const rows: AuditRow[] = []
  for (const each of entries) {
    const sequence = rows.length + 1
    const unhashed = {
      ...each,
      sequence,
      batch: sequence,
      at_ms: sequence,
      before: null,
      after: null,
      previous_hash: rows.at(-1)?.hash ?? EMPTY_TAIL.hash
    }
    rows.push({ ...unhashed, hash: hashAuditRow(unhashed) })
  }
  return rows
}

function faultsOf(rows: readonly AuditRow[], whole: readonly AuditRow[]): number {
  const last = whole.at(-1)
  const checker = new AuditChecker()
  for (const row of rows) checker.add(row)
  const head = {
    count: whole.length,
    hash: Buffer.from(last?.hash ?? EMPTY_TAIL.hash).toString('hex')
  }
  const headRow = rows.find(({ sequence }) => sequence === head.count)
  return checker.finish({ kind: 'present', head }, headRow).faults.length
}

test('any permutation, removal or repetition of entries is seen', () => {
  const plain = fc.string({ maxLength: 3 })
  const entries = fc.array(
    fc.record({ actor: plain, action: plain, target: plain, reason: plain }),
    { minLength: 2, maxLength: 8 }
  )
  fc.assert(
    fc.property(entries, fc.infiniteStream(fc.nat()), (given, picks) => {
      const whole = chainOf(given)
      is(faultsOf(whole, whole), 0)
      // The rows keep their places and get other contents, as a reordering in the database would leave them.
      const shuffled = whole.map((row) => {
        const other = whole[picks.next().value % whole.length]
        return { ...(other ?? row), sequence: row.sequence }
      })
      const isSame = shuffled.every((row, i) => row.hash === whole[i]?.hash)
      is(faultsOf(shuffled, whole) > 0, !isSame)
      const without = whole.filter((_, i) => i !== picks.next().value % whole.length)
      is(faultsOf(without, whole) > 0, without.length < whole.length)
    }),
    { seed: 7 }
  )
})

test('no two different entries have the same encoding', () => {
  const nullable = fc.option(fc.string({ maxLength: 2 }), { nil: null })
  const fields = fc.record({
    actor: fc.string({ maxLength: 2 }),
    target: fc.string({ maxLength: 2 }),
    before: nullable,
    after: nullable
  })
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const rest = {
        sequence: 1,
        batch: 1,
        at_ms: 0,
        action: '',
        reason: '',
        previous_hash: EMPTY_TAIL.hash
      }
      const isSame = hashAuditRow({ ...rest, ...a }).equals(hashAuditRow({ ...rest, ...b }))
      is(isSame, JSON.stringify(a) === JSON.stringify(b))
    }),
    { seed: 3, numRuns: 2_000 }
  )
})
