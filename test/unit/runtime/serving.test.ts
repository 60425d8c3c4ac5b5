import { equal, is, match, ok } from 'uvu/assert'
import { ManualClock, SystemClock } from '../../../src/base/index.ts'
import { ModelRunner, ModelScorer, RowReader } from '../../../src/runtime/index.ts'
import { LineScorer } from '../../../src/runtime/serving/json-lines.ts'
import {
  boostedModel,
  MODEL_ROWS,
  MODEL_WIDTH,
  modelRow,
  namedRow,
  stackedModel
} from '../../support/served-models.ts'
import { suite } from '../../support/suite.ts'

const test = suite('serving', { timeoutMs: 60_000 })
const encoder = new TextEncoder()
const decoder = new TextDecoder()
const NO_DELAY = { threads: 1, batchDelayMs: 1 }

function linesOf(bytes: Uint8Array): Record<string, unknown>[] {
  const lines = decoder.decode(bytes).trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

function scoreOf(model: ReturnType<typeof boostedModel>, row: number): number {
  const out = new Float64Array(1)
  new ModelScorer(model.parts).score(MODEL_ROWS, row * MODEL_WIDTH, out)
  return out[0] ?? Number.NaN
}

test('reads a row by names, by words and as an array into the same cells', () => {
  const reader = new RowReader(boostedModel('1'))
  for (let row = 0; row < 40; row++) {
    const named = namedRow(row)
    for (const given of [named, Object.values(named)]) {
      const cells = new Float32Array(MODEL_WIDTH)
      equal(reader.read(given, cells, 0), [])
      // NaN equals itself as text only.
      is(cells.join(), modelRow(row).join())
    }
  }
})

const BAD_ROWS: readonly { name: string; row: unknown; pointer: string; detail: RegExp }[] = [
  {
    name: 'no row',
    row: 7,
    pointer: '',
    detail: /object with the 4 features number-0.*got a number/
  },
  { name: 'null', row: null, pointer: '', detail: /got null/ },
  { name: 'a short array', row: [1, 2], pointer: '', detail: /array of as many.*got 2 values/ },
  {
    name: 'a missing feature',
    row: { 'number-0': 1, 'number-1': 2, 'number-2': 3 },
    pointer: '/category-0',
    detail: /one of "c0", "c1", "c2" or null, got nothing/
  },
  {
    name: 'an extra feature',
    row: { ...namedRow(0), 'a/b': 1 },
    pointer: '/a~1b',
    detail: /no feature of this name; the model knows number-0/
  },
  {
    name: 'a number out of range',
    row: { ...namedRow(0), 'number-0': -101 },
    pointer: '/number-0',
    detail: /a number from -100 to 100 or null, got -101/
  },
  {
    name: 'a number beyond float32',
    row: { ...namedRow(0), 'number-1': 1e39 },
    pointer: '/number-1',
    detail: /a number or null, got 1e\+39/
  },
  {
    name: 'a word for a number',
    row: { ...namedRow(0), 'number-1': 'many' },
    pointer: '/number-1',
    detail: /a number or null, got "many"/
  },
  {
    name: 'an unknown word',
    row: { ...namedRow(0), 'category-0': 'c9' },
    pointer: '/category-0',
    detail: /one of .* got "c9"/
  },
  {
    name: 'a code that is none',
    row: [0, 0, 0, 3],
    pointer: '/3',
    detail: /one of .* got 3/
  },
  {
    name: 'a name of every object',
    row: { ...namedRow(0), constructor: 1 },
    pointer: '/constructor',
    detail: /no feature/
  }
]

for (const { name, row, pointer, detail } of BAD_ROWS) {
  test(`says what was expected instead of ${name}`, () => {
    const [fault] = new RowReader(boostedModel('1')).read(row, new Float32Array(MODEL_WIDTH), 0)
    is(fault?.pointer, pointer)
    match(fault?.detail ?? '', detail)
  })
}

test('answers each line with its score, its verdict and the model, or with its fault', () => {
  const model = boostedModel('1')
  const text = `${JSON.stringify(namedRow(0))}\n\n{"features":${JSON.stringify(Object.values(namedRow(1)))}}\nnonsense\n[1]`
  const scored = new LineScorer(model).score({ bytes: encoder.encode(text), firstRow: 5 })
  is(scored.rows, 4)
  is(scored.faults, 2)
  const [first, second, third, fourth] = linesOf(scored.bytes)
  ok(Math.abs(Number(first?.['score']) - scoreOf(model, 0)) < 1e-8)
  ok(Math.abs(Number(second?.['score']) - scoreOf(model, 1)) < 1e-8)
  equal([first?.['row'], second?.['row'], third?.['row']], [5, 6, 7])
  is(first?.['model'], 'small@1')
  match(String(third?.['error']), /line of JSON/)
  match(String(fourth?.['error']), /got 1 values/)
})

test('scores rows alike alone, in small batches and on threads', async () => {
  const runner = new ModelRunner(NO_DELAY, { clock: new SystemClock() })
  const model = await stackedModel('1')
  runner.serve('behaviour', model)
  const few = await runner.scoreRows('behaviour', MODEL_ROWS.slice(0, 30 * MODEL_WIDTH), 30)
  const many = new Float32Array(3_000 * MODEL_WIDTH)
  for (let row = 0; row < 3_000; row++) many.set(modelRow(row % 400), row * MODEL_WIDTH)
  const threaded = await runner.scoreRows('behaviour', many, 3_000)
  ok(few.model !== undefined && threaded.model !== undefined)
  for (let row = 0; row < 30; row++) {
    is(few.scores[row], scoreOf(model, row))
    is(threaded.scores[row + 400], scoreOf(model, row))
    const one = runner.scoreRow('behaviour', modelRow(row))
    is(one.model && one.scores[0], scoreOf(model, row))
  }
  await runner.close()
})

test('never answers by a model that was replaced meanwhile', async () => {
  const runner = new ModelRunner(NO_DELAY, { clock: new SystemClock() })
  const [old, young] = [boostedModel('1'), boostedModel('2', 3)]
  runner.serve('behaviour', old)
  const big = new Float32Array(4_000 * MODEL_WIDTH)
  const lines = encoder.encode(`${JSON.stringify(namedRow(0))}\n`.repeat(500))
  const waiting = [
    runner.scoreRows('behaviour', modelRow(0), 1),
    runner.scoreRows('behaviour', big, 4_000),
    runner.scoreLines('behaviour', { bytes: lines, firstRow: 0 })
  ] as const
  runner.serve('behaviour', young)
  const [small, large, text] = await Promise.all(waiting)
  is(small.model?.id, 'small@2')
  is(large.model?.id, 'small@2')
  is(small.model && small.scores[0], scoreOf(young, 0))
  ok(linesOf(text.bytes).every((line) => line['model'] === 'small@2'))
  await runner.close()
})

test('lets small batches wait a moment for others, and no longer', async () => {
  const clock = new ManualClock()
  const runner = new ModelRunner({ threads: 1, batchRowsMax: 4 }, { clock })
  runner.serve('behaviour', boostedModel('1'))
  let done = 0
  const add = (rows: number) =>
    runner.scoreRows('behaviour', MODEL_ROWS.slice(0, rows * MODEL_WIDTH), rows).then(() => done++)
  const first = add(1)
  await Promise.resolve()
  is(runner.counts().waitingRows, 1)
  await clock.advance(2)
  await first
  is(done, 1)
  // As many as a batch holds wait for nobody.
  await Promise.all([add(2), add(2)])
  is(done, 3)
  await runner.close()
})

test('falls back to the score of the rules when as much waits as may, and says so', async () => {
  const runner = new ModelRunner(
    { threads: 1, queueRowsMax: 2, ruleFeature: 'number-1', blocksMax: 0 },
    { clock: new ManualClock() }
  )
  runner.serve('behaviour', boostedModel('1'))
  const held = runner.scoreRows('behaviour', MODEL_ROWS.slice(0, 2 * MODEL_WIDTH), 2)
  const shed = await runner.scoreRows('behaviour', modelRow(0), 1)
  equal(shed, { model: undefined, reason: 'queue-full' })
  const text = '{"number-1":0.75}\n[0,0.5,0,0]\nx\n'
  const lines = await runner.scoreLines('behaviour', { bytes: encoder.encode(text), firstRow: 0 })
  equal(
    linesOf(lines.bytes).map(({ score, fallback, reason }) => [score, fallback, reason]),
    [
      [0.75, true, 'queue-full'],
      [0.5, true, 'queue-full'],
      [null, true, 'queue-full']
    ]
  )
  is(runner.counts().fallbacks['queue-full'], 4)
  await runner.close()
  equal(await held, { model: undefined, reason: 'thread-failed' })
})

test('falls back where no model is champion', async () => {
  const runner = new ModelRunner(NO_DELAY, { clock: new SystemClock() })
  equal(runner.scoreRow('behaviour', modelRow(0)), { model: undefined, reason: 'no-model' })
  is(runner.explain('behaviour', modelRow(0)), undefined)
  await runner.close()
})

test('explains a whole stack: contributions add up to its margin and the margin to its score', async () => {
  for (const model of [boostedModel('1'), await stackedModel('1')]) {
    const runner = new ModelRunner(NO_DELAY, { clock: new SystemClock() })
    runner.serve('behaviour', model)
    for (let row = 0; row < 40; row++) {
      const explained = runner.explain('behaviour', modelRow(row))
      const { values, bias, margin } = explained?.contributions ?? {
        values: [],
        bias: 0,
        margin: 0
      }
      const sum = [...values].reduce((total, value) => total + value, bias)
      ok(Math.abs(sum - margin) < 1e-9)
      const temperature = model.id === 'stack@1' ? 1.3 : 1
      const score = 1 / (1 + Math.exp(-margin / temperature))
      ok(Math.abs(score - scoreOf(model, row)) < 1e-9, `${model.id} ${row}`)
    }
  }
})
