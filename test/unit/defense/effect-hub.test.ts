import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { EffectHub } from '../../../src/defense/effect-hub.ts'
import type { GuardEffect } from '../../../src/defense/index.ts'
import { START_MS } from '../../support/events.ts'
import { decision } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('effect hub')
const EFFECT: GuardEffect = { kind: 'decided', decision: decision(1) }
const TURNED_DOWN: GuardEffect = {
  kind: 'decided',
  decision: decision(1, { reasons: [{ rule: 'breaker', text: '', counters: {} }] })
}

function bench() {
  const said: string[] = []
  const told: string[] = []
  const counted: string[] = []
  const clock = new ManualClock(START_MS)
  const log = (level: string) => (_: unknown, message: string) => {
    if (level === 'info') told.push(message)
    else if (level !== 'debug') said.push(`${level}: ${message}`)
  }
  const hub = new EffectHub({
    clock,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    metrics: {
      decided: (...labels) => void counted.push(labels.join(' ')),
      ended: (why) => void counted.push(why),
      suppressed: (kind) => void counted.push(kind),
      observed() {},
      storeFailed() {}
    }
  })
  return { hub, said, told, counted, clock }
}

test('counts what happened under the labels that are declared for it', () => {
  const { hub, counted } = bench()
  hub.publish([
    EFFECT,
    { kind: 'extended', decision: decision(1) },
    { kind: 'ended', decision: decision(1), atMs: START_MS, why: 'expired' }
  ])
  equal(counted, ['ban scanner enforce', 'expired'])
})

test('keeps the others informed when one listener fails', () => {
  const { hub, said } = bench()
  let heard = 0
  hub.subscribe(() => {
    throw new Error('broken')
  })
  hub.subscribe(() => void heard++)
  hub.publish([EFFECT])
  is(heard, 1)
  equal(said, ['warn: a listener failed'])
})

test('has room for so many listeners and no more, until one leaves', () => {
  const { hub } = bench()
  let heard = 0
  const leave = Array.from({ length: 256 }, () => hub.subscribe(() => {}))
  hub.subscribe(() => void heard++)
  hub.publish([EFFECT])
  is(heard, 0)
  leave[0]?.()
  hub.subscribe(() => void heard++)
  hub.publish([EFFECT])
  is(heard, 1)
})

test('says once in ten minutes that the breaker is open, or that something could not be judged', async () => {
  const { hub, said, clock } = bench()
  for (let n = 0; n < 3; n++) {
    hub.publish([TURNED_DOWN])
    hub.reportFailure('request', new Error('strange'))
  }
  is(said.length, 2)
  await clock.advance(600_000)
  hub.publish([TURNED_DOWN])
  is(said.length, 3)
})

test('tells of blocks and their ends one by one, and counts what is more than a person reads', async () => {
  const { hub, told, clock } = bench()
  hub.publish([
    EFFECT,
    { kind: 'decided', decision: decision(2, { type: 'watch' }) },
    { kind: 'decided', decision: decision(3, { mode: 'shadow' }) },
    { kind: 'ended', decision: decision(1), atMs: START_MS, why: 'expired' }
  ])
  equal(told, ['blocked', 'would block', 'decision ended'])
  for (let n = 0; n < 500; n++) hub.publish([EFFECT])
  is(told.length, 60)
  await clock.advance(60_000)
  hub.publish([EFFECT])
  equal(told.slice(60), ['more was decided or ended than is told one by one', 'blocked'])
})
