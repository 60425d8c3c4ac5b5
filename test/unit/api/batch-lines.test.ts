/** A body that is cut into lines while others are scored: order, bounds, and clients that go away. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { equal, is, ok } from 'uvu/assert'
import { answerLines } from '../../../src/api/routes/batch-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('batch lines')
const bytesOf = (text: string) => new TextEncoder().encode(text)
const scored = (rows: number, text: string) => ({ rows, bytes: bytesOf(text) })

/** As many turns as a rejection that nobody waits for needs to end the process. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn()
}

test('a client that goes away while enough is at work fails the batch and not the process', async () => {
  async function* body() {
    for (let line = 0; line < 4; line++) yield bytesOf('[1]\n')
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  }
  const waiting: ((answer: ReturnType<typeof scored>) => void)[] = []
  let ended = 0
  const answers = answerLines(body(), {
    score: () => new Promise<ReturnType<typeof scored>>((resolve) => waiting.push(resolve)),
    signal: new AbortController().signal,
    onBlock: () => undefined,
    onEnd: () => ended++
  })
  const first = answers.next()
  await turns()
  is(waiting.length, 4)
  waiting[0]?.(scored(1, 'a'))
  equal((await first).value, bytesOf('a'))
  const second = answers.next().then(
    () => 'answered',
    (error: Error) => error.message
  )
  await turns()
  is(await second, 'aborted')
  is(ended, 1)
})

test('work that fails while its reader is slow is told to the reader, not to the process', async () => {
  async function* body() {
    for (let line = 0; line < 4; line++) yield bytesOf('[1]\n')
  }
  let asked = 0
  const answers = answerLines(body(), {
    score: () => {
      asked++
      return asked === 1 ? Promise.resolve(scored(1, 'a')) : Promise.reject(new Error('broken'))
    },
    signal: new AbortController().signal,
    onBlock: () => undefined,
    onEnd: () => undefined
  })
  ok((await answers.next()).done === false)
  await turns()
  const failure = await answers.next().catch((error: Error) => error.message)
  is(failure, 'broken')
})
