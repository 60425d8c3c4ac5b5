/** Labels of a file: both forms, every fault with its line and field, and who was what at which moment. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { equal, is, match, ok } from 'uvu/assert'
import { DatasetError, readLabels, type SourceLabel } from '../../../src/datasets/index.ts'
import { LabelBook } from '../../../src/datasets/labels/label-book.ts'
import { suite } from '../../support/suite.ts'

const test = suite('labels')
const dir = mkdtempSync(join(tmpdir(), 'netminder-labels-'))
test.after(() => rmSync(dir, { recursive: true }))

let files = 0
function file(content: string | Uint8Array): string {
  const path = join(dir, `labels-${files++}`)
  writeFileSync(path, content)
  return path
}

const FROM = Date.parse('2026-01-31T10:00:00Z')
const TO = Date.parse('2026-01-31T11:00:00Z')
const ROW =
  '{"source":"192.0.2.1","class":"A8","label":"abuse","campaign":"c","tool":"x","from":"2026-01-31T10:00:00Z","to":"2026-01-31T11:00:00Z","requests":3}'
const WHOLE: SourceLabel = {
  ...{ source: '192.0.2.1', class: 'A8', label: 'abuse', campaign: 'c', weight: 1 },
  ...{ fromMs: FROM, toMs: TO }
}
const CSV = `source,label,class,from,to,campaign
192.0.2.1,abuse,A8,2026-01-31T10:00:00Z,2026-01-31T11:00:00Z,c
`
const SHORT: SourceLabel = {
  ...{ source: '192.0.2.1', class: 'abuse', label: 'abuse', campaign: '', weight: 1 },
  ...{ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }
}

for (const { name, content, expected } of [
  { name: 'the truth of a recording', content: `${ROW}\n\n`, expected: [WHOLE] },
  { name: 'a table', content: CSV, expected: [WHOLE] },
  { name: 'packed', content: gzipSync(CSV), expected: [WHOLE] },
  {
    name: 'a table from elsewhere: BOM, CRLF, quotes, other columns, another order',
    content: '\uFEFFnote,label,source\r\n"a,\nb",abuse," 192.0.2.1"\r\n',
    expected: [SHORT]
  },
  { name: 'lines that begin with a BOM', content: `\uFEFF${ROW}\r\n`, expected: [WHOLE] },
  {
    name: 'half as sure',
    content: 'source,label,weight\n192.0.2.1,abuse,0.5\n',
    expected: [{ ...SHORT, weight: 0.5 }]
  },
  {
    name: 'an IPv6 address in its shortest form',
    content: 'source,label\n2001:DB8:0::1,benign\n',
    expected: [{ ...SHORT, source: '2001:db8::1', class: 'benign', label: 'benign' }]
  }
] as const) {
  test(`are read: ${name}`, async () => {
    equal(await readLabels(file(content)), expected)
  })
}

const head = 'source,label,from,to,weight\n'
for (const { name, content, code, sentence } of [
  {
    name: 'nothing',
    content: '',
    code: 'LABELS_INVALID',
    sentence: /rows of labels in .*, got none/
  },
  { name: 'a header alone', content: head, code: 'LABELS_INVALID', sentence: /got none/ },
  {
    name: 'other columns',
    content: 'address,kind\n1,2\n',
    code: 'LABELS_INVALID',
    sentence: /line 1: expected JSON objects, or the columns source and label .*got "address, kind"/
  },
  {
    name: 'a column twice',
    content: 'source,label,source\n',
    code: 'LABELS_INVALID',
    sentence: /each once/
  },
  {
    name: 'a name for an address',
    content: `${head}localhost,abuse,,,\n`,
    code: 'LABELS_INVALID',
    sentence: /line 2: source: expected an address, got "localhost"/
  },
  {
    name: 'an unknown label',
    content: `${head}192.0.2.1,evil,,,\n`,
    code: 'LABELS_INVALID',
    sentence: /line 2: label: expected benign, abuse, mixed, got "evil"/
  },
  {
    name: 'no time',
    content: `${head}192.0.2.1,abuse,yesterday,,\n`,
    code: 'LABELS_INVALID',
    sentence: /line 2: from: expected a time such as/
  },
  {
    name: 'an end before the beginning',
    content: `${head}192.0.2.1,abuse,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,\n`,
    code: 'LABELS_INVALID',
    sentence: /line 2: to: expected a time that is not before from/
  },
  {
    name: 'a weight above 1',
    content: `${head}192.0.2.1,abuse,,,2\n`,
    code: 'LABELS_INVALID',
    sentence: /weight: expected a number above 0, up to 1/
  },
  {
    name: 'too few cells',
    content: `${head}192.0.2.1,abuse\n`,
    code: 'LABELS_INVALID',
    sentence: /line 2: expected 5 cells, got 2/
  },
  {
    name: 'half an object',
    content: '{"source":\n',
    code: 'LABELS_INVALID',
    sentence: /line 1: expected a JSON object/
  },
  {
    name: 'a line without an end',
    content: `{${' '.repeat(5_000_000)}`,
    code: 'LABELS_TOO_LARGE',
    sentence: /lines of at most 4 MiB/
  },
  {
    name: 'a torn archive',
    content: gzipSync(CSV.repeat(2_000)).subarray(0, 100),
    code: 'LABELS_INVALID',
    sentence: /could not unpack/
  }
]) {
  test(`are refused in one sentence: ${name}`, async () => {
    const error = await refusal(file(content))
    is(error.code, code)
    match(error.message, sentence)
    ok(!error.message.includes('\n'))
  })
}

test('are refused where there is no file, and where a directory stands', async () => {
  is((await refusal(join(dir, 'absent'))).code, 'LABELS_MISSING')
  is((await refusal(dir)).code, 'LABELS_MISSING')
})

test('of a truth need class and beginning', async () => {
  const path = file('{"source":"192.0.2.1","label":"abuse","class":"A1"}\n')
  match((await refusal(path, true)).message, /line 1: from: expected a time/)
  is((await readLabels(path)).length, 1)
})

async function refusal(path: string, isTruth = false): Promise<DatasetError> {
  try {
    await readLabels(path, { isTruth })
  } catch (error) {
    ok(error instanceof DatasetError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

const HOUR = 3_600_000
const abuse: SourceLabel = WHOLE
const benign: SourceLabel = { ...WHOLE, label: 'benign', class: 'N1' }

for (const { name, labels, atMs, expected } of [
  { name: 'while it holds', labels: [abuse], atMs: FROM + 1, expected: 'A8' },
  {
    name: 'a moment after, for lines are late',
    labels: [abuse],
    atMs: TO + 20_000,
    expected: 'A8'
  },
  { name: 'not before', labels: [abuse], atMs: FROM - HOUR, expected: undefined },
  { name: 'not long after', labels: [abuse], atMs: TO + HOUR, expected: undefined },
  {
    name: 'by the one of two that holds',
    labels: [abuse, { ...benign, fromMs: TO + HOUR, toMs: TO + 2 * HOUR }],
    atMs: TO + HOUR + 1,
    expected: 'N1'
  },
  { name: 'not if both hold', labels: [abuse, benign], atMs: FROM + 1, expected: undefined },
  {
    name: 'not if the address is shared',
    labels: [abuse, { ...abuse, label: 'mixed' }],
    atMs: FROM + 1,
    expected: undefined
  },
  {
    name: 'by the later of two that agree',
    labels: [{ ...abuse, class: 'A14', fromMs: FROM + 5 }, abuse],
    atMs: FROM + 50_000,
    expected: 'A14'
  }
] as const) {
  test(`say what a source was: ${name}`, () => {
    is(new LabelBook(labels).find('192.0.2.1', atMs)?.class, expected)
  })
}

test('speak of a whole /64, and count who was asked for', () => {
  const book = new LabelBook([{ ...SHORT, source: '2001:db8::1' }, SHORT])
  is(book.find('2001:db8::ffff', FROM)?.label, 'abuse')
  is(book.find('2001:db8:0:1::1', FROM), undefined)
  is(book.sources, 2)
  is(book.sourcesSeen, 1)
})
