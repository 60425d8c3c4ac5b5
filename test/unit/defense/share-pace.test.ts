import { equal, is } from 'uvu/assert'
import { budgetOf, gatherMsOf, isEager, refillMs } from '../../../src/defense/share-pace.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Share pace')
const HOUR_MS = 3_600_000
const DAY_START_MS = Date.UTC(2026, 2, 1)
const FRESH = {
  hour: { events: 60, accused: 120, own: 60 },
  day: { events: 720, accused: 1_440, own: 720 }
}

test('gathers the longer, the less is left of the hour', () => {
  const budgets = [54, 30, 29, 20, 19, 12, 11, 6, 5, 1, 0]
  equal(
    budgets.map((events) => gatherMsOf({ events, accused: 0 })),
    [50, 50, 200, 200, 1_000, 1_000, 5_000, 5_000, 60_000, 60_000, undefined]
  )
  equal([isEager({ events: 30, accused: 0 }), isEager({ events: 29, accused: 0 })], [true, false])
})

test('keeps something of the hour for people, and of the day for its later hours', () => {
  equal(budgetOf(FRESH, DAY_START_MS), { events: 54, accused: 120 })
  const loud = { hour: FRESH.hour, day: { events: 400, accused: 800, own: 720 } }
  // Eighteen hours are to come.
  equal(budgetOf(loud, DAY_START_MS + 5 * HOUR_MS), { events: 34, accused: 80 })
  equal(budgetOf(loud, DAY_START_MS + 4 * HOUR_MS), { events: 14, accused: 40 })
  equal(budgetOf(loud, DAY_START_MS), { events: 0, accused: 0 })
  equal(budgetOf(loud, DAY_START_MS + 23 * HOUR_MS), { events: 54, accused: 120 })
})

test('waits for the next full hour', () => {
  is(refillMs(DAY_START_MS + 5 * 60_000), 55 * 60_000 + 2_000)
})
