import { is, ok } from 'uvu/assert'
import { hashPrefix, PrefixFilter } from '../../../src/defense/prefix-filter.ts'
import { suite } from '../../support/suite.ts'

const test = suite('prefix filter')
const ENTRIES = 4_096
const hashOf = (word: number, length = 32) => hashPrefix({ words: Int32Array.of(word), length })

test('never denies what was added', () => {
  const filter = new PrefixFilter(ENTRIES)
  for (let word = 0; word < ENTRIES; word++) filter.add(hashOf(word))
  for (let word = 0; word < ENTRIES; word++) ok(filter.mayHold(hashOf(word)), String(word))
})

test('denies most of what was not, of neighbours too', () => {
  const filter = new PrefixFilter(ENTRIES)
  for (let word = 0; word < ENTRIES; word++) filter.add(hashOf(word))
  let inVain = 0
  for (let word = ENTRIES; word < 11 * ENTRIES; word++) if (filter.mayHold(hashOf(word))) inVain++
  ok(inVain < ENTRIES, `${inVain} of ${10 * ENTRIES}`)
})

test('tells lengths of one address and words of one prefix apart', () => {
  const hashes = new Set<number>()
  for (let length = 0; length <= 32; length++) hashes.add(hashOf(7, length))
  for (let word = 0; word < 4; word++) {
    const words = new Int32Array(4)
    words[word] = 1
    hashes.add(hashPrefix({ words, length: 128 }))
  }
  is(hashes.size, 37)
})

test('is empty at first', () => {
  const filter = new PrefixFilter(ENTRIES)
  for (let word = 0; word < 1_000; word++) is(filter.mayHold(hashOf(word)), false)
  is(filter.bytes, 8_192)
})
