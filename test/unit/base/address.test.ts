import { equal, is } from 'uvu/assert'
import {
  findAddress,
  findPrefix,
  getPrefix,
  neighbourhoodOf,
  prefixContains
} from '../../../src/base/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('addresses')

const spellings = [
  { name: 'dotted quad', input: '192.0.2.7', expected: '192.0.2.7' },
  { name: 'mapped IPv4 is IPv4', input: '::ffff:192.0.2.7', expected: '192.0.2.7' },
  { name: 'RFC 5952', input: '2001:DB8:0:0:0:0:0:1', expected: '2001:db8::1' },
  { name: 'brackets', input: '[2001:db8::1]', expected: '2001:db8::1' },
  { name: 'two-part IPv4', input: '10.1', expected: undefined },
  { name: 'octal-looking', input: '010.0.0.1', expected: undefined },
  { name: 'out of range', input: '1.2.3.256', expected: undefined },
  { name: 'zone', input: 'fe80::1%eth0', expected: undefined },
  { name: 'word', input: 'localhost', expected: undefined },
  { name: 'empty', input: '', expected: undefined }
]
for (const { name, input, expected } of spellings) {
  test(`reads an address: ${name}`, () => is(findAddress(input), expected))
}

test('clears host bits of a prefix', () => {
  equal(findPrefix('192.0.2.77/24')?.text, '192.0.2.0/24')
  equal(findPrefix('2001:db8::ff/64')?.text, '2001:db8::/64')
  equal(findPrefix('::ffff:192.0.2.77/120')?.text, '192.0.2.0/24')
})

test('refuses a prefix that is longer than the address', () => {
  is(findPrefix('192.0.2.1/33'), undefined)
  is(findPrefix('192.0.2.1/'), undefined)
  is(findPrefix('2001:db8::/129'), undefined)
})

test('contains: inside, outside, other family', () => {
  is(prefixContains(getPrefix('10.0.0.0/8'), getPrefix('10.9.8.7')), true)
  is(prefixContains(getPrefix('10.0.0.0/8'), getPrefix('11.0.0.1')), false)
  is(prefixContains(getPrefix('10.9.8.7'), getPrefix('10.0.0.0/8')), false)
  is(prefixContains(getPrefix('0.0.0.0/0'), getPrefix('2001:db8::1')), false)
})

test('neighbourhoods are /24 and /64', () => {
  is(neighbourhoodOf('192.0.2.77'), '192.0.2.0/24')
  is(neighbourhoodOf('2001:db8:1:2:3::4'), '2001:db8:1:2::/64')
})
