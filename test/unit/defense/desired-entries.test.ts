import { equal } from 'uvu/assert'
import { type Decision, desiredEntries } from '../../../src/defense/index.ts'
import { START_MS } from '../../support/events.ts'
import { decision, neverBlock } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('desired entries')
const at = { atMs: START_MS + 100, neverBlock: neverBlock(['203.0.113.9/32']) }
const entriesOf = (decisions: readonly Decision[], which: 'applied' | 'all' = 'applied') =>
  desiredEntries(decisions, which, at).map(
    (entry) => `${entry.action} ${entry.prefix} ${entry.untilMs - START_MS}`
  )

for (const { name, decisions, applied, all } of [
  {
    name: 'hands on what is applied; all of it only when asked',
    decisions: [
      decision(1, { untilMs: START_MS + 500 }),
      decision(2, { value: '203.0.113.8', mode: 'shadow', untilMs: START_MS + 500 })
    ],
    applied: ['ban 203.0.113.7/32 500'],
    all: ['ban 203.0.113.7/32 500', 'ban 203.0.113.8/32 500']
  },
  {
    name: 'leaves out watches, what has ended, and what is protected',
    decisions: [
      decision(1, { type: 'watch', untilMs: START_MS + 500 }),
      decision(2, { value: '203.0.113.8', untilMs: START_MS + 100 }),
      decision(3, { value: '203.0.113.9', untilMs: START_MS + 500 })
    ],
    applied: [],
    all: []
  },
  {
    name: 'puts a ban before a longer throttle of the same prefix, in either order',
    decisions: [
      decision(1, { type: 'throttle', untilMs: START_MS + 900 }),
      decision(2, { untilMs: START_MS + 500 }),
      decision(3, { type: 'throttle', untilMs: START_MS + 950 })
    ],
    applied: ['ban 203.0.113.7/32 500'],
    all: ['ban 203.0.113.7/32 500']
  },
  {
    name: 'puts the later end before the earlier, in either order',
    decisions: [
      decision(1, { untilMs: START_MS + 500 }),
      decision(2, { untilMs: START_MS + 900 }),
      decision(3, { untilMs: START_MS + 700 })
    ],
    applied: ['ban 203.0.113.7/32 900'],
    all: ['ban 203.0.113.7/32 900']
  },
  {
    name: 'does not let a shadow ban take the place of an applied throttle',
    decisions: [
      decision(1, { type: 'throttle', untilMs: START_MS + 500 }),
      decision(2, { mode: 'shadow', untilMs: START_MS + 900 })
    ],
    applied: ['throttle 203.0.113.7/32 500'],
    all: ['ban 203.0.113.7/32 900']
  }
]) {
  test(name, () => {
    equal(entriesOf(decisions), applied)
    equal(entriesOf(decisions, 'all'), all)
  })
}
