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
    refuse: (row) => scored(1, `${row} refused`),
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
    refuse: (row) => scored(1, `${row} refused`),
    signal: new AbortController().signal,
    onBlock: () => undefined,
    onEnd: () => undefined
  })
  ok((await answers.next()).done === false)
  await turns()
  const failure = await answers.next().catch((error: Error) => error.message)
  is(failure, 'broken')
})

test('passes over a line that is too long, says so in its place, and goes on', async () => {
  const piece = bytesOf('1,'.repeat(300_000))
  async function* body() {
    yield bytesOf('[0]\n[')
    // 4.8 MB of one line, without an end and then with one in the middle of a piece.
    for (let part = 0; part < 8; part++) yield piece
    yield bytesOf('1]\n[2]\n[')
    for (let part = 0; part < 8; part++) yield piece
  }
  const seen: { readonly text: string; readonly firstRow: number }[] = []
  const said: string[] = []
  const answers = answerLines(body(), {
    score: ({ bytes, firstRow }) => {
      seen.push({ text: new TextDecoder().decode(bytes), firstRow })
      return Promise.resolve(scored(1, `${firstRow} scored`))
    },
    refuse: (row, detail) => scored(1, `${row} ${detail}`),
    signal: new AbortController().signal,
    onBlock: () => undefined,
    onEnd: () => undefined
  })
  for await (const bytes of answers) said.push(new TextDecoder().decode(bytes))
  equal(seen, [
    { text: '[0]\n', firstRow: 0 },
    { text: '[2]\n', firstRow: 2 }
  ])
  equal(said, [
    '0 scored',
    '1 expected lines of at most 1048576 bytes',
    '2 scored',
    '3 expected lines of at most 1048576 bytes'
  ])
})
