import { is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { ActuatorFeed } from '../../../src/defense/actuator-feed.ts'
import { START_MS } from '../../support/events.ts'
import { RecordingActuators } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('actuator feed')

function bench(tookMs: number) {
  const clock = new ManualClock(START_MS)
  const actuators = new RecordingActuators()
  const feed = new ActuatorFeed({ clock, actuators }, () => {
    clock.jumpTo(clock.nowMs() + tookMs)
    return []
  })
  return { clock, actuators, feed }
}

test('tells at once, every time, where that takes no time', () => {
  const { actuators, feed } = bench(0)
  feed.tell()
  feed.tell()
  is(actuators.told, 2)
  feed.tellIfStale()
  is(actuators.told, 2)
  feed.markStale()
  feed.tellIfStale()
  is(actuators.told, 3)
})

test('waits twenty times as long as it took, and then tells what is newest', () => {
  const { clock, actuators, feed } = bench(100)
  feed.tell()
  feed.tell()
  is(actuators.told, 1)
  clock.jumpTo(clock.nowMs() + 1_999)
  feed.tellIfStale()
  is(actuators.told, 1)
  clock.jumpTo(clock.nowMs() + 1)
  feed.tellIfStale()
  is(actuators.told, 2)
})
