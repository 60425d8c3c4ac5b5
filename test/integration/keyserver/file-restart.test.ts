/**
 * A log is written, rotated and followed by a node that is stopped and killed at any moment. What the node did since its last
 * checkpoint is lost with a kill, and so are the events that it had got: every line must count once all the same.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import { equal, is } from 'uvu/assert'
import { RotatingLog } from '../../support/rotating-log.ts'
import { countTo, inTemporaryDirectory, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('restarts of a node that follows a log', { timeoutMs: 120_000 })

const RUNS = 150

type Step =
  | { readonly do: 'write'; readonly lines: number }
  | { readonly do: 'begin'; readonly length: number }
  | { readonly do: 'look'; readonly times: number }
  | { readonly do: 'rename'; readonly late: number; readonly looksBetween: number }
  | { readonly do: 'copyAndTruncate' }
  | { readonly do: 'checkpoint' | 'stop' | 'kill' | 'start' }

const written = fc.record({
  do: fc.constant('write' as const),
  lines: fc.integer({ min: 1, max: 12 })
})
const begun = fc.record({
  do: fc.constant('begin' as const),
  length: fc.integer({ min: 1, max: 60 })
})
const looks = fc.record({
  do: fc.constant('look' as const),
  times: fc.integer({ min: 1, max: 9 })
})
const renamed = fc.record({
  do: fc.constant('rename' as const),
  late: fc.integer({ min: 0, max: 3 }),
  looksBetween: fc.integer({ min: 0, max: 2 })
})
const copied = fc.constant({ do: 'copyAndTruncate' as const })
const node = fc.record({
  do: fc.constantFrom('checkpoint' as const, 'stop' as const, 'kill' as const, 'start' as const)
})

/** A log is always rotated in the same manner. */
function stepsWith(rotation: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: written },
      { weight: 2, arbitrary: begun },
      { weight: 4, arbitrary: looks },
      { weight: 4, arbitrary: rotation },
      { weight: 6, arbitrary: node }
    ),
    { minLength: 4, maxLength: 40 }
  )
}

class Play {
  readonly #log: RotatingLog
  readonly #rig = new SourceRig()
  #isRunning = false
  /** Events that the last checkpoint held. */
  #kept = 0

  constructor(log: RotatingLog) {
    this.#log = log
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        return this.#log.write(step.lines)
      case 'begin':
        return this.#log.begin(step.length)
      case 'look':
        return this.#look(step.times)
      case 'rename':
        return this.#rename(step)
      case 'copyAndTruncate':
        // A copy taken within a line would cut it: writers write whole lines.
        if (this.#log.isWithinLine) this.#log.write(1)
        return this.#log.copyAndTruncate()
      case 'checkpoint':
        return this.#checkpoint()
      case 'start':
        return this.#start()
      default:
        return this.#end(step.do)
    }
  }

  async expectAll(): Promise<void> {
    if (this.#log.isWithinLine) this.#log.write(1)
    await this.#start()
    await this.#rig.look(10, 1_500)
    const { gaps } = this.#rig.status
    await this.#rig.stop()
    equal(this.#rig.numbers(), countTo(this.#log.written))
    is(gaps, 0)
  }

  async release(): Promise<void> {
    await this.#rig.kill()
  }

  async #look(times: number): Promise<void> {
    if (this.#isRunning) await this.#rig.look(times)
  }

  async #rename(step: { late: number; looksBetween: number }): Promise<void> {
    const old = `${this.#log.path}.1`
    this.#log.rename()
    await this.#look(step.looksBetween)
    this.#log.write(step.late, old)
    if (this.#log.isWithinLine) this.#log.write(1, old)
    this.#log.create()
    await this.#look(step.looksBetween)
    if (step.looksBetween > 0) this.#log.write(step.late, old)
  }

  #checkpoint(): void {
    if (!this.#isRunning) return
    this.#rig.checkpoint()
    this.#kept = this.#rig.events.length
  }

  async #start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    await this.#rig.start({
      format: 'nginx',
      transport: { kind: 'file', path: this.#log.path, fromStart: true }
    })
  }

  async #end(how: 'stop' | 'kill'): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    await this.#rig[how]()
    if (how === 'stop') this.#kept = this.#rig.events.length
    else this.#rig.events = this.#rig.events.slice(0, this.#kept)
  }
}

for (const { name, rotation } of [
  { name: 'renamed', rotation: renamed },
  { name: 'copied and truncated', rotation: copied }
]) {
  test(`no line of a log that is ${name} is lost and none counts twice`, () =>
    fc.assert(
      fc.asyncProperty(stepsWith(rotation), (play) =>
        inTemporaryDirectory(async (directory) => {
          const log = new RotatingLog(join(directory, 'access.log'))
          log.create()
          const stage = new Play(log)
          try {
            // What lay there before the first checkpoint of all is nobody's business.
            await stage.take({ do: 'start' })
            await stage.take({ do: 'checkpoint' })
            for (const step of play) await stage.take(step)
            await stage.expectAll()
          } finally {
            await stage.release()
          }
        })
      ),
      { numRuns: RUNS }
    ))
}
