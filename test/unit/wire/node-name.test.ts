import { is } from 'uvu/assert'
import { isNodeName, nodeNameOfHost } from '../../../src/wire/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('wire: names of nodes')

for (const { name, text, expected } of [
  { name: 'none', text: '', expected: true },
  { name: '64 bytes', text: 'n'.repeat(64), expected: true },
  { name: '65 bytes', text: 'n'.repeat(65), expected: false },
  { name: '64 bytes of 32 characters', text: 'ä'.repeat(32), expected: true },
  { name: '66 bytes of 33 characters', text: 'ä'.repeat(33), expected: false },
  { name: 'a control character', text: 'keys\u0007', expected: false },
  { name: 'an override of direction', text: 'keys\u202e', expected: false },
  { name: 'a letter and its accent', text: 'a\u0308', expected: false }
]) {
  test(`${expected ? 'takes' : 'refuses'} ${name}`, () => is(isNodeName(text), expected))
}

const LABEL = 'a'.repeat(30)

for (const { name, host, expected } of [
  { name: 'as it is', host: 'keys.example.org', expected: 'keys.example.org' },
  {
    name: 'less its last labels',
    host: `${LABEL}.${LABEL}.b.org`,
    expected: `${LABEL}.${LABEL}.b`
  },
  { name: 'its first label', host: `${LABEL}.${'b'.repeat(63)}.org`, expected: LABEL },
  { name: 'not, where one label is too long', host: `${'b'.repeat(65)}.org`, expected: '' },
  { name: 'not, where others would refuse it', host: 'keys\u0000', expected: '' },
  { name: 'in normal form', host: 'a\u0308.example', expected: 'ä.example' }
]) {
  test(`a host name is told ${name}`, () => is(nodeNameOfHost(host), expected))
}
