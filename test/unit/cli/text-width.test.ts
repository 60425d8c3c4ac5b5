import { is } from 'uvu/assert'
import { padToWidth, widthOf } from '../../../src/cli/text-width.ts'
import { suite } from '../../support/suite.ts'

const test = suite('width of text')

for (const { name, text, expected } of [
  { name: 'nothing', text: '', expected: 0 },
  { name: 'Latin letters', text: 'keys.example', expected: 12 },
  { name: 'letters with accents, in one', text: 'Zürich', expected: 6 },
  { name: 'letters with accents, in two', text: 'Zu\u0308rich', expected: 6 },
  { name: 'Cyrillic', text: 'север', expected: 5 },
  { name: 'Chinese', text: '北方', expected: 4 },
  { name: 'Japanese and Latin', text: 'サーバー1', expected: 9 },
  { name: 'Korean', text: '서버', expected: 4 },
  { name: 'an emoji', text: '🔑', expected: 2 },
  { name: 'an emoji of several', text: '👩‍👩‍👧', expected: 2 },
  { name: 'a heart that is drawn as an emoji', text: '❤\ufe0f', expected: 2 },
  { name: 'a flag', text: '🇨🇭', expected: 2 },
  { name: 'a joiner alone', text: 'a\u200b', expected: 1 },
  { name: 'the sign for what was no text', text: '\ufffd', expected: 1 }
]) {
  test(`${name}: ${expected}`, () => is(widthOf(text), expected))
}

test('what is padded takes as many columns as asked for, or more', () => {
  is(padToWidth('北方', 6), '北方  ')
  is(padToWidth('ab', 4), 'ab  ')
  is(padToWidth('北方', 3), '北方')
})
