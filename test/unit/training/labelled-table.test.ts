/** Which class is class 1. */
import { Readable } from 'node:stream'
import { equal, is, ok } from 'uvu/assert'
import { TrainingError } from '../../../src/training/errors.ts'
import { labelTable, readCsv } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('classes of a table')

async function classesOf(
  labels: readonly string[],
  options: { positive?: string; isIsolation?: boolean } = {}
) {
  const text = `x,label\n${labels.map((label, row) => `${row},${label}`).join('\n')}\n`
  const csv = await readCsv(Readable.from([text]), { words: ['label'] })
  return labelTable(csv, { label: 'label', isIsolation: false, ...options })
}

const CASES: readonly {
  title: string
  labels: string[]
  options?: { positive?: string; isIsolation?: boolean }
  expected: string[]
}[] = [
  {
    title: 'numbers stand in their order',
    labels: ['10', '9', '1', '10'],
    expected: ['1', '9', '10']
  },
  {
    title: 'words in that of their letters',
    labels: ['pear', 'apple', 'fig'],
    expected: ['apple', 'fig', 'pear']
  },
  {
    title: 'of two, the word for nothing stands first',
    labels: ['benign', 'abuse'],
    expected: ['benign', 'abuse']
  },
  { title: 'whatever the letters say', labels: ['yes', 'no'], expected: ['no', 'yes'] },
  { title: '-1 and 1', labels: ['1', '-1'], expected: ['-1', '1'] },
  {
    title: 'the one that is asked for',
    labels: ['a', 'b'],
    options: { positive: 'a' },
    expected: ['b', 'a']
  },
  {
    title: 'the rarer one is odd',
    labels: ['b', 'a', 'b', 'b'],
    options: { isIsolation: true },
    expected: ['b', 'a']
  },
  {
    title: 'unless its word says that it is not',
    labels: ['abuse', 'abuse', 'benign'],
    options: { isIsolation: true },
    expected: ['benign', 'abuse']
  },
  {
    title: 'ordinary rows alone',
    labels: ['fine', 'fine'],
    options: { isIsolation: true },
    expected: ['fine', 'odd']
  }
]
for (const { title, labels, options, expected } of CASES) {
  test(title, async () => {
    const { classNames, table } = await classesOf(labels, options)
    equal(classNames, expected)
    equal(
      [...table.labels],
      labels.map((label) => expected.indexOf(label))
    )
    is(table.classes, expected.length)
  })
}

test('refuses a class to look for that is not there, or one of three', async () => {
  for (const [labels, positive] of [
    [['a', 'b'], 'c'],
    [['a', 'b', 'c'], 'a']
  ] as const) {
    try {
      await classesOf(labels, { positive })
      ok(false, 'expected a refusal')
    } catch (error) {
      ok(error instanceof TrainingError)
      is(error.code, 'LABEL_INVALID')
    }
  }
})
