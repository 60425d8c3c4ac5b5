/** Tables from CSV texts, whole and in pieces of any size; and every way in which a file can be none. */
import { Readable } from 'node:stream'
import { equal, is, match, ok } from 'uvu/assert'
import { TrainingError } from '../../../src/training/errors.ts'
import { type ReadCsvOptions, readCsv } from '../../../src/training/table/read-csv.ts'
import { suite } from '../../support/suite.ts'

const test = suite('tables from CSV files', { timeoutMs: 120_000 })

function inPieces(text: string | Buffer, size = 1 << 16): Readable {
  const bytes = Buffer.from(text)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return Readable.from(pieces)
}

const read = (text: string | Buffer, options?: ReadCsvOptions, size?: number) =>
  readCsv(inPieces(text, size), options)

async function refusal(work: Promise<unknown>): Promise<TrainingError> {
  try {
    await work
  } catch (error) {
    ok(error instanceof TrainingError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

const numbers = (count: number) =>
  Array.from({ length: count }, (_, index) => `${index / 8}\n`).join('')

test('codes of words that look like numbers stay words', async () => {
  const text = `x\n${numbers(90)}b\n`
  is((await read(text)).features[0]?.kind, 'category')
  const some = `x\n${numbers(300)}${'b\n'.repeat(60)}`
  is((await read(some)).features[0]?.kind, 'category')
})

test('numbers, words, missing cells, quotation marks and line ends, in pieces of any size', async () => {
  const text =
    '\ufeffa,"b ""quoted""",c,label\r\n1,x,-0.5e-3,yes\r\n,"two\nlines, and a comma",NaN,no\r\n\r\n 3.25 ,"say ""hi""",12345678901234567890,yes'
  for (const size of [1, 2, 3, 7, 1_000]) {
    const table = await read(text, { words: ['label'] }, size)
    is(table.rows, 3)
    equal(
      table.features.map(({ name, kind }) => [name, kind]),
      [
        ['a', 'numeric'],
        ['b "quoted"', 'category'],
        ['c', 'numeric']
      ]
    )
    const [a, b, c] = table.columns
    equal([...(a ?? [])], [1, Number.NaN, 3.25])
    equal([...(b ?? [])], [0, 1, 2])
    equal([...(c ?? [])], [-0.0005, Number.NaN, Number('12345678901234567890')])
    const [, spec] = table.features
    ok(spec?.kind === 'category')
    equal(spec.categories, ['x', 'two\nlines, and a comma', 'say "hi"'])
    const label = table.words.get('label')
    equal(label?.names, ['yes', 'no'])
    equal([...(label?.codes ?? [])], [0, 1, 0])
    equal(
      [...table.missing],
      [
        ['a', 1],
        ['b "quoted"', 0],
        ['c', 1]
      ]
    )
  }
})

test('numbers are read to the last bit as JavaScript reads them', async () => {
  const cells = [
    '0.1',
    '-7',
    '+.5',
    '5.',
    '1e308',
    '123456789.123456789',
    '9007199254740993',
    '0.000001'
  ]
  cells.push('1.7976931348623157e308', '2.2250738585072014e-308', '-0', '1234567890.0987654321')
  const table = await read(`n\n${cells.join('\n')}\n`)
  equal([...(table.columns[0] ?? [])], cells.map(Number))
})

test('a column of numbers becomes one of words at the first word, and says the same before and after', async () => {
  const table = await read('m\n1\n2.50\n\nNA\nred\n2.5\n1.0\n')
  const [spec] = table.features
  ok(spec?.kind === 'category')
  equal(spec.categories, ['1', '2.5', 'red'])
  equal([...(table.columns[0] ?? [])], [0, 1, -1, 2, 1, 0])
})

test('a column that a model expects stays what it is, in the order of the model; others are passed over', async () => {
  const expected = [
    { name: 'b', kind: 'category', categories: ['x', 'y'] },
    { name: 'a', kind: 'numeric' }
  ] as const
  const table = await read('a,extra,b\n1,9,y\n2,9,z\n', { expected })
  equal(table.features, expected)
  equal([...(table.columns[0] ?? [])], [1, -1])
  equal(
    [...table.unknown],
    [
      ['b', 1],
      ['a', 0]
    ]
  )
  equal(table.ignored, ['extra'])
})

test('columns can be left out', async () => {
  const table = await read('a,b,c\n1,2,3\n', { drop: ['b'] })
  equal(
    table.features.map(({ name }) => name),
    ['a', 'c']
  )
})

const wide = Array.from({ length: 1_000_000 }, (_, i) => `column${i}`).join(',')
const faults: readonly {
  title: string
  text: string | Buffer
  options?: ReadCsvOptions
  code: string
  says: RegExp
}[] = [
  { title: 'an empty file', text: '', code: 'TABLE_INVALID', says: /got an empty file/ },
  { title: 'a header alone', text: 'a,b\n', code: 'TABLE_INVALID', says: /the header alone/ },
  {
    title: 'no header, and a name that is none',
    text: '1,2,a\n3,4,b\n',
    options: { words: ['class'] },
    code: 'TABLE_INVALID',
    says: /a column "class", got 1, 2, a: is the first line the names of the columns\?/
  },
  {
    title: 'a word among numbers',
    text: `x\n${numbers(300)}?\n${numbers(300)}`,
    code: 'TABLE_INVALID',
    says: /numbers alone in column "x", got something else in 1 of 601 cells, the first "\?" in line 302: .*--drop x/
  },
  {
    title: 'a word after more numbers than there may be words',
    text: `x\n${numbers(5_000)}oops\n`,
    code: 'TABLE_INVALID',
    says: /numbers alone in column "x", got something else in at least one cell, the first "oops" in line 5002/
  },
  {
    title: 'no header',
    text: '1,2,3\n4,5,6\n',
    code: 'TABLE_INVALID',
    says: /names of the columns, got numbers: 1, 2, 3/
  },
  {
    title: 'a name twice',
    text: 'a,a\n1,2\n',
    code: 'TABLE_INVALID',
    says: /got "a" twice at column 2/
  },
  { title: 'a name that is empty', text: 'a,\n1,2\n', code: 'TABLE_INVALID', says: /empty one/ },
  {
    title: 'a line with a cell too few',
    text: 'a,b\n1,2\n3\n',
    code: 'TABLE_INVALID',
    says: /expected 2 cells in each line, got 1 in line 3/
  },
  {
    title: 'a quotation mark in the middle',
    text: 'a,b\n1,x"y\n',
    code: 'TABLE_INVALID',
    says: /quotation marks around whole cells.* line 2/
  },
  {
    title: 'a quotation mark that is never closed',
    text: 'a,b\n1,"x\n2,3\n',
    code: 'TABLE_INVALID',
    says: /closing quotation mark for the one in line 2/
  },
  {
    title: 'a label that is missing',
    text: 'a,label\n1,x\n2,\n',
    options: { words: ['label'] },
    code: 'LABEL_INVALID',
    says: /column "label", got an empty cell in line 3/
  },
  {
    title: 'a column that is not there',
    text: 'a,b\n1,2\n',
    options: { words: ['label'] },
    code: 'TABLE_INVALID',
    says: /expected a column "label", got a, b/
  },
  {
    title: 'semicolons',
    text: 'a;b;label\n1;2;x\n',
    options: { words: ['label'] },
    code: 'TABLE_INVALID',
    says: /parted by commas/
  },
  {
    title: 'infinity',
    text: 'a,b\n1,2\n-inf,2\n',
    code: 'TABLE_INVALID',
    says: /finite numbers in column "a", got -inf in line 3/
  },
  {
    title: 'a word where a model expects a number',
    text: 'a\nred\n',
    options: { expected: [{ name: 'a', kind: 'numeric' }] },
    code: 'TABLE_INVALID',
    says: /a number in column "a", got "red" in line 2/
  },
  {
    title: 'a million columns',
    text: `${wide}\n`,
    code: 'TABLE_TOO_LARGE',
    says: /at most 4096 columns/
  },
  {
    title: 'a line without an end',
    text: `a,b\n1,"${'x'.repeat(5 << 20)}`,
    code: 'TABLE_TOO_LARGE',
    says: /lines of at most 4 MiB, got a longer one at line 2/
  },
  {
    title: 'a column of free text',
    text: `id\n${Array.from({ length: 5_000 }, (_, i) => `user-${i}`).join('\n')}\n`,
    code: 'TABLE_TOO_LARGE',
    says: /4096 different words in column "id".*--drop id/
  },
  { title: 'bytes', text: Buffer.alloc(64), code: 'TABLE_INVALID', says: /no text/ }
]
for (const { title, text, options, code, says } of faults) {
  test(`refuses ${title}`, async () => {
    const error = await refusal(read(text, options))
    is(error.code, code)
    match(error.message, says)
  })
}

/** 5 GB that are never there as a whole. */
function endless(bytes: number): { input: Readable; sent: () => number } {
  const line = `${Array.from({ length: 40 }, (_, i) => (i * 1.37).toFixed(4)).join(',')}\n`
  const chunk = Buffer.from(line.repeat(Math.ceil(65_536 / line.length)))
  const header = Buffer.from(`${Array.from({ length: 40 }, (_, i) => `c${i}`).join(',')}\n`)
  let sent = 0
  const input = new Readable({
    read() {
      const next = sent === 0 ? header : chunk
      sent += next.length
      this.push(sent > bytes ? null : next)
    }
  })
  return { input, sent: () => sent }
}

const GB = 1_000_000_000

test('a file of 5 GB is refused by its size as soon as its rows are known, not after reading it', async () => {
  const { input, sent } = endless(5 * GB)
  const error = await refusal(readCsv(input, { bytes: 5 * GB }))
  is(error.code, 'TABLE_TOO_LARGE')
  match(
    error.message,
    /at most 200 million cells, got about \d{3} million in this file: give a sample/
  )
  ok(sent() < 10_000_000, `${sent()} bytes read`)
})

test('a stream of 5 GB whose size nobody knows ends at the limit of cells, in bounded memory', async () => {
  const before = process.memoryUsage()
  const { input, sent } = endless(5 * GB)
  const error = await refusal(readCsv(input, { cellsMax: 4_000_000 }))
  is(error.code, 'TABLE_TOO_LARGE')
  match(error.message, /at most 4 million cells, got more after 100000 rows/)
  ok(sent() < 40_000_000, `${sent()} bytes read`)
  const { rss } = process.memoryUsage()
  ok(rss - before.rss < 400_000_000, `${rss - before.rss} bytes more`)
})
