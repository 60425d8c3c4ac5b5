/** Rows for a trained model: the same from CSV and NDJSON, in its own order, with a count of all that is odd. */
import { Readable } from 'node:stream'
import { equal, is, match, ok } from 'uvu/assert'
import { TrainingError } from '../../../src/training/errors.ts'
import { type ReadRowsOptions, RowReader } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('rows for a model')
const OPTIONS: ReadRowsOptions = {
  features: [
    { name: 'speed', kind: 'numeric' },
    { name: 'colour', kind: 'category', categories: ['red', '1', 'blue'] }
  ],
  ranges: [{ minimum: 0, maximum: 10 }, undefined]
}

async function read(
  text: string,
  { form = 'csv' as 'csv' | 'ndjson', options = OPTIONS, size = 1 << 16 } = {}
) {
  const bytes = Buffer.from(text)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  const reader = new RowReader(options)
  const rows: number[] = []
  const labels: number[] = []
  let blocks = 0
  for await (const block of reader[form](Readable.from(pieces))) {
    is(block.rows.length, block.count * options.features.length)
    rows.push(...block.rows)
    labels.push(...block.labels)
    blocks++
  }
  return { rows, labels, blocks, odd: reader.odd }
}

async function refusal(work: Promise<unknown>): Promise<TrainingError> {
  try {
    await work
  } catch (error) {
    ok(error instanceof TrainingError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

const CSV = 'colour,extra,speed\nblue,x,1.5\n,y,\n1.0,z,-3\ngreen,z,1e9\nred,"q",NaN\n'
const NDJSON = `{"speed":1.5,"colour":"blue","extra":"x"}
{"speed":null,"colour":null,"extra":"y"}
{"speed":"-3","colour":1,"extra":"z"}

{"speed":1e9,"colour":"green","extra":"z"}
{"extra":"q","colour":"red","speed":"NaN"}`

test('CSV in pieces of any size, and NDJSON, are the same rows with the same oddities', async () => {
  const expected = [1.5, 2, Number.NaN, Number.NaN, -3, 1, 1e9, Number.NaN, Number.NaN, 0]
  for (const size of [1, 3, 1 << 16]) {
    for (const form of ['csv', 'ndjson'] as const) {
      const { rows, odd } = await read(form === 'csv' ? CSV : NDJSON, { form, size })
      equal(rows, expected)
      equal([...odd.missing], [2, 1])
      equal([...odd.unknown], [0, 1])
      equal([...odd.absurd], [1, 0])
      equal(odd.ignored, ['extra'])
    }
  }
})

test('labels are the numbers of their classes', async () => {
  const options = { ...OPTIONS, label: { column: 'extra', classes: ['z', 'x', 'y', 'q'] } }
  const { labels, odd } = await read(CSV, { options })
  equal(labels, [1, 2, 0, 0, 3])
  equal(odd.ignored, [])
  equal((await read(NDJSON, { form: 'ndjson', options })).labels, [1, 2, 0, 0, 3])
})

test('many rows come in blocks', async () => {
  const text = `speed,colour\n${'1,red\n2,blue\n'.repeat(10_000)}`
  const { rows, blocks } = await read(text)
  is(rows.length, 40_000)
  ok(blocks > 3)
  equal(rows.slice(-4), [1, 0, 2, 2])
})

const faults: readonly {
  title: string
  form?: 'csv' | 'ndjson'
  text: string
  code: string
  says: RegExp
}[] = [
  {
    title: 'a column that is missing',
    text: 'speed\n1\n',
    code: 'TABLE_INVALID',
    says: /column "colour", got speed/
  },
  {
    title: 'columns that are missing',
    text: 'a\n1\n',
    code: 'TABLE_INVALID',
    says: /2 columns "speed, colour"/
  },
  {
    title: 'a word as number',
    text: 'speed,colour\nfast,red\n',
    code: 'TABLE_INVALID',
    says: /number in column "speed", got "fast" in line 2/
  },
  {
    title: 'infinity',
    text: 'speed,colour\nInfinity,red\n',
    code: 'TABLE_INVALID',
    says: /finite/
  },
  {
    title: 'a short line',
    text: 'speed,colour\n1\n',
    code: 'TABLE_INVALID',
    says: /expected 2 cells in each line, got 1 in line 2/
  },
  { title: 'nothing', text: '', code: 'TABLE_INVALID', says: /an empty file/ },
  {
    title: 'a header alone',
    text: 'speed,colour\n',
    code: 'TABLE_INVALID',
    says: /at least one row/
  },
  {
    title: 'no JSON',
    form: 'ndjson',
    text: 'speed,colour\n1,red\n',
    code: 'TABLE_INVALID',
    says: /JSON object, got "speed,colour" in line 1/
  },
  {
    title: 'a JSON list',
    form: 'ndjson',
    text: '[1,"red"]\n',
    code: 'TABLE_INVALID',
    says: /JSON object/
  },
  {
    title: 'a field that is missing',
    form: 'ndjson',
    text: '{"speed":1}\n',
    code: 'TABLE_INVALID',
    says: /field "colour" in line 1/
  },
  {
    title: 'a field that is an object',
    form: 'ndjson',
    text: '{"speed":{},"colour":"red"}\n',
    code: 'TABLE_INVALID',
    says: /as field "speed"/
  },
  {
    title: 'a line without an end',
    form: 'ndjson',
    text: `{"speed":1}\n"${'x'.repeat(5 << 20)}`,
    code: 'TABLE_INVALID',
    says: /colour/
  }
]
for (const { title, form = 'csv', text, code, says } of faults) {
  test(`refuses ${title} (${form})`, async () => {
    const error = await refusal(read(text, { form }))
    is(error.code, code)
    match(error.message, says)
  })
}

test('refuses a line of more than 4 MiB, and a label that the model does not know', async () => {
  const endless = await refusal(read('x'.repeat(5 << 20), { form: 'ndjson' }))
  is(endless.code, 'TABLE_TOO_LARGE')
  const options = { ...OPTIONS, label: { column: 'extra', classes: ['x'] } }
  const strange = await refusal(read(CSV, { options }))
  is(strange.code, 'LABEL_INVALID')
  match(strange.message, /a label that the model knows \(x\), got "y" in line 3/)
})
