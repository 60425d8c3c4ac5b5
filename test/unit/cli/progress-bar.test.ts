/** How far work is: a bar where the whole is known, a remark where it is not, and not at every step. */
import { equal, match } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { ProgressBar } from '../../../src/cli/models/progress-bar.ts'
import { FakeIo } from '../../support/fake-cli.ts'
import { suite } from '../../support/suite.ts'

const test = suite('progress bars')

test('is written over ten times a second at most, and at once where another stage begins', async () => {
  const io = new FakeIo()
  const clock = new ManualClock()
  const bar = new ProgressBar(io, clock)
  bar.show('reading', 0)
  for (let step = 1; step <= 40; step++) {
    await clock.advance(10)
    bar.show('reading', step / 40)
  }
  bar.show('judging', 0.1)
  equal(
    io.shown.map((text) => text.split('  ')[0]),
    ['reading', 'reading', 'reading', 'reading', 'reading', 'judging']
  )
  match(io.shown[2] ?? '', /^reading {2}\[#{15} {15}\] {2}50 %/)
  equal(io.out, '')
})

test('never passes its end, says a remark where nobody knows the whole, and goes away', () => {
  const io = new FakeIo()
  const bar = new ProgressBar(io, new ManualClock())
  bar.show('scoring', 1.7)
  bar.show('counting', undefined, '4,096 rows')
  bar.clear()
  match(io.shown[0] ?? '', /\[#{30}\] 100 %/)
  equal(io.shown.slice(1), ['counting  4,096 rows', ''])
})
