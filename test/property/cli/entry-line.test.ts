import fc from 'fast-check'
import { equal } from 'uvu/assert'
import { entryLine, readEntries } from '../../../src/cli/commands/entry-line.ts'
import { suite } from '../../support/suite.ts'

const test = suite('laws of lists as files')

const prefixes = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, length]) => `${ip}/${length}`)
)
/** What the node keeps as a note: one line without control characters; a file does not keep spaces around it. */
const notes = fc
  .string({ unit: 'grapheme', maxLength: 100 })
  .map((text) => text.replaceAll(/\p{Cc}/gu, '').trim())
const ends = fc.option(
  fc
    .date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
    .map((date) => date.toISOString())
)
const entries = fc.array(
  fc.record({ prefix: prefixes, note: notes, until: ends }, { noNullPrototype: true })
)

test('what is exported as text is read as it was', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const read = readEntries(list.map((entry) => `${entryLine(entry)}\n`).join(''))
      equal(read, { entries: list, faults: [] })
    })
  )
})

test('what is exported as JSON is read as it was', () => {
  fc.assert(
    fc.property(entries, (list) => {
      equal(readEntries(JSON.stringify(list)), { entries: list, faults: [] })
    })
  )
})

test('any text is read or its lines are named, and every line that says something is one or the other', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => {
      const text = lines.map((line) => line.replaceAll(/[\n\r]/g, '')).join('\n')
      if (/^\uFEFF?\s*[[{]/.test(text)) return
      const { entries: read, faults } = readEntries(text)
      const said = text
        .replace(/^\uFEFF/, '')
        .split('\n')
        .filter((line) => line.replace(/[#;].*$/s, '').trim() !== '')
      equal(read.length + faults.length, said.length)
    })
  )
})
