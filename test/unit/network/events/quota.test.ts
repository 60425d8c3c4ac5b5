import { is } from 'uvu/assert'
import { QuotaLedger } from '../../../../src/network/events/quota.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('quota')
const HOUR_MS = 3_600_000
const DAY_START_MS = Date.UTC(2026, 2, 1)

function fill(ledger: QuotaLedger, tsMs: number, accused = 0): number {
  let count = 0
  while (ledger.hasRoom({ tsMs, accused }, 1) && count < 10_000) {
    ledger.add({ tsMs, accused })
    count++
  }
  return count
}

test('lets an author say twice his quota in one hour, by the hour of the event', () => {
  const ledger = new QuotaLedger()
  is(fill(ledger, DAY_START_MS), 60)
  is(fill(ledger, DAY_START_MS + HOUR_MS - 1), 0)
  is(fill(ledger, DAY_START_MS + HOUR_MS), 60)
})

test('lets nobody burst all day', () => {
  const ledger = new QuotaLedger()
  let total = 0
  for (let hour = 0; hour < 24; hour++) total += fill(ledger, DAY_START_MS + hour * HOUR_MS)
  is(total, 24 * 30)
  is(fill(ledger, DAY_START_MS + 24 * HOUR_MS), 60)
})

test('counts accused prefixes apart', () => {
  const ledger = new QuotaLedger()
  is(fill(ledger, DAY_START_MS, 50), 2)
  is(fill(ledger, DAY_START_MS, 20), 1)
  is(fill(ledger, DAY_START_MS, 1), 0)
  is(ledger.hasRoom({ tsMs: DAY_START_MS, accused: 0 }, 1), true)
})

test('gives level 0 nothing and a higher level more', () => {
  const charge = { tsMs: DAY_START_MS, accused: 0 }
  const ledger = new QuotaLedger()
  is(ledger.hasRoom(charge, 0), false)
  fill(ledger, DAY_START_MS)
  is(ledger.hasRoom(charge, 1), false)
  is(ledger.hasRoom(charge, 2), true)
  is(ledger.hasRoom(charge, 9), true)
})
