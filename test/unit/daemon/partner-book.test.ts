import { equal, is, throws } from 'uvu/assert'
import { PARTNERS_MAX, PartnerBook, type Sighting } from '../../../src/daemon/partner-book.ts'
import { suite } from '../../support/suite.ts'

const test = suite('book of recon partners')
const DAY_MS = 86_400_000
const START_MS = 1_000 * DAY_MS

function seen(host: string, ...addresses: string[]): Sighting {
  return { name: host, host, addresses: addresses.length === 0 ? undefined : addresses }
}

function known(book: PartnerBook): string[] {
  return book.known().map(({ host, addresses }) => `${host} ${addresses.join(',')}`)
}

test('keeps the last addresses of a name that does not resolve, for thirty days', () => {
  const book = new PartnerBook()
  const update = (days: number, ...sightings: Sighting[]) =>
    book.update(sightings, { nowMs: START_MS + days * DAY_MS, isRetry: false })
  update(0, seen('a', '9.9.9.9', '2600::9'), seen('b'))
  equal(known(book), ['a 9.9.9.9,2600::9'])
  update(1, seen('a'), seen('b', '8.8.8.8'))
  equal(known(book), ['a 9.9.9.9,2600::9', 'b 8.8.8.8'])
  update(2, seen('a', '9.9.9.10'), seen('b'))
  equal(known(book), ['a 9.9.9.10', 'b 8.8.8.8'])
  update(31, seen('a'), seen('b'))
  equal(known(book), ['a 9.9.9.10'])
})

test('a partner goes when three refreshes went without it; a retry is none', () => {
  const book = new PartnerBook()
  const update = (isRetry: boolean, ...sightings: Sighting[]) =>
    book.update(sightings, { nowMs: START_MS, isRetry })
  update(false, seen('a', '9.9.9.9'), seen('b', '8.8.8.8'))
  update(false, seen('b'))
  for (let times = 0; times < 5; times++) update(true, seen('b'))
  update(false)
  equal(known(book), ['b 8.8.8.8', 'a 9.9.9.9'])
  update(false, seen('b'))
  equal(known(book), ['b 8.8.8.8'])
})

test('holds a bounded number of partners and addresses', () => {
  const book = new PartnerBook()
  const addresses = Array.from({ length: 40 }, (_, n) => `9.9.9.${n}`)
  const many = (word: string) =>
    Array.from({ length: PARTNERS_MAX + 1 }, (_, n) => seen(`${word}${n}`, ...addresses))
  book.update(many('a'), { nowMs: START_MS, isRetry: false })
  book.update(many('b'), { nowMs: START_MS, isRetry: false })
  is(book.known().length, PARTNERS_MAX)
  is(book.known()[0]?.addresses.length, 16)
})

test('is restored as it was written, without what is too old', () => {
  const book = new PartnerBook()
  book.update([seen('old', '8.8.8.8')], { nowMs: START_MS, isRetry: false })
  book.update([seen('old'), seen('new', '9.9.9.9')], { nowMs: START_MS + DAY_MS, isRetry: false })
  const restored = (nowMs: number) => {
    const other = new PartnerBook()
    other.restore(book.render(), nowMs)
    return known(other)
  }
  equal(restored(START_MS + 2 * DAY_MS), known(book))
  equal(restored(START_MS + 30 * DAY_MS), ['new 9.9.9.9'])
  equal(restored(START_MS - DAY_MS), known(book), 'written by a clock that was ahead')
  for (const text of ['', '{}', '{"format":2,"partners":[]}', '{"format":1,"partners":[null]}']) {
    throws(() => new PartnerBook().restore(text, START_MS), undefined, text)
  }
  const odd = { name: 'x', host: 'x', addresses: ['nobody', 7, '9.9.9.9'], resolvedAtMs: START_MS }
  book.restore(JSON.stringify({ format: 1, partners: [odd] }), START_MS)
  equal(known(book), ['x 9.9.9.9'])
})
