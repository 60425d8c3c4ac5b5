import { equal, is } from 'uvu/assert'
import { type Charge, describeQuota, QuotaLedger } from '../../../../src/network/events/quota.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('quota')
const HOUR_MS = 3_600_000
const DAY_START_MS = Date.UTC(2026, 2, 1)

function fill(
  ledger: QuotaLedger,
  tsMs: number,
  accused = 0,
  kind: Charge['kind'] = accused > 0 ? 'vote' : 'alert'
): number {
  let count = 0
  while (ledger.hasRoom({ tsMs, kind, accused }, 1) && count < 10_000) {
    ledger.add({ tsMs, kind, accused })
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
  is(ledger.hasRoom({ tsMs: DAY_START_MS, kind: 'alert', accused: 0 }, 1), true)
})

test('gives level 0 nothing and a higher level more', () => {
  const charge = { tsMs: DAY_START_MS, kind: 'alert', accused: 0 } as const
  const ledger = new QuotaLedger()
  is(ledger.hasRoom(charge, 0), false)
  fill(ledger, DAY_START_MS)
  is(ledger.hasRoom(charge, 1), false)
  is(ledger.hasRoom(charge, 2), true)
  is(ledger.hasRoom(charge, 9), true)
})

test('who has said all that he may can still take it back, say where he is and give up his key', () => {
  const ledger = new QuotaLedger()
  is(fill(ledger, DAY_START_MS), 60)
  for (const kind of ['retract', 'node-announce', 'revoke', 'vote'] as const) {
    is(ledger.hasRoom({ tsMs: DAY_START_MS, kind, accused: 0 }, 1), true, kind)
  }
  is(ledger.hasRoom({ tsMs: DAY_START_MS, kind: 'vote', accused: 1 }, 1), false)
  is(ledger.hasRoom({ tsMs: DAY_START_MS, kind: 'list-delta', accused: 0 }, 1), false)
  is(ledger.hasRoom({ tsMs: DAY_START_MS, kind: 'retract', accused: 0 }, 0), false)
})

test('what takes nothing from anybody is limited too, and leaves the rest alone', () => {
  const ledger = new QuotaLedger()
  is(fill(ledger, DAY_START_MS, 0, 'retract'), 60)
  is(ledger.hasRoom({ tsMs: DAY_START_MS, kind: 'node-announce', accused: 0 }, 1), false)
  is(fill(ledger, DAY_START_MS), 60)
  let total = 60
  for (let hour = 1; hour < 24; hour++) {
    total += fill(ledger, DAY_START_MS + hour * HOUR_MS, 0, 'retract')
  }
  is(total, 24 * 30)
})

test('tells what is left of the hour and of the day', () => {
  const ledger = new QuotaLedger()
  ledger.add({ tsMs: DAY_START_MS, kind: 'vote', accused: 7 })
  ledger.add({ tsMs: DAY_START_MS, kind: 'retract', accused: 0 })
  equal(ledger.rooms(DAY_START_MS, 1), {
    hour: { events: 59, accused: 113, own: 59 },
    day: { events: 719, accused: 1_433, own: 719 }
  })
})

const ALLOWED =
  'others take 30 events and 60 accused prefixes an hour of a node (twice that in one hour, if the day of 24 hours stays within it)'

test('says how much others take, and when they listen again', () => {
  const ledger = new QuotaLedger()
  const atMs = DAY_START_MS + 90 * 60_000
  const textOf = (kind: Charge['kind'], accused = 0) =>
    describeQuota({ tsMs: atMs, kind, accused }, ledger.rooms(atMs, 1))
  is(textOf('alert'), ALLOWED)
  fill(ledger, atMs)
  is(
    textOf('alert'),
    `${ALLOWED}; this hour is used up, there is room from 2026-03-01 02:00 UTC on`
  )
  fill(ledger, atMs, 0, 'retract')
  is(
    textOf('retract'),
    'others take 30 events that take back an hour of a node (twice that in one hour, if the day of 24 hours stays within it); this hour is used up, there is room from 2026-03-01 02:00 UTC on'
  )
  for (let hour = 2; hour < 24; hour++) fill(ledger, DAY_START_MS + hour * HOUR_MS)
  is(textOf('alert'), `${ALLOWED}; this day is used up, there is room from 2026-03-02 00:00 UTC on`)
})

test('counts the accused for that too', () => {
  const ledger = new QuotaLedger()
  fill(ledger, DAY_START_MS, 60)
  const rooms = ledger.rooms(DAY_START_MS, 1)
  is(describeQuota({ tsMs: DAY_START_MS, kind: 'alert', accused: 0 }, rooms), ALLOWED)
  is(
    describeQuota({ tsMs: DAY_START_MS, kind: 'vote', accused: 1 }, rooms),
    `${ALLOWED}; this hour is used up, there is room from 2026-03-01 01:00 UTC on`
  )
})
