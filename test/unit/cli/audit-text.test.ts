import { is } from 'uvu/assert'
import { aboutText } from '../../../src/cli/commands/audit.ts'
import { suite } from '../../support/suite.ts'

const test = suite('audit as text')
const ID = '0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d'

for (const { name, row, expected } of [
  {
    name: 'whom a decision was about',
    row: { target: ID, before: null, after: { value: '192.0.2.1', type: 'ban', mode: 'enforce' } },
    expected: 'ban of 192.0.2.1: because'
  },
  {
    name: 'that a decision was shadow',
    row: { target: ID, before: null, after: { value: '192.0.2.1', type: 'ban', mode: 'shadow' } },
    expected: 'ban of 192.0.2.1 (shadow): because'
  },
  {
    name: 'what was lifted',
    row: { target: ID, before: { value: '192.0.2.1', type: 'ban' }, after: { liftedAtMs: 1 } },
    expected: 'ban of 192.0.2.1: because'
  },
  {
    name: 'from which mode to which',
    row: {
      target: 'mode',
      before: { overall: 'shadow', byCategory: { scanner: 'enforce' } },
      after: { overall: 'enforce', byCategory: {} }
    },
    expected: 'mode shadow to enforce: because'
  },
  {
    name: 'the mode of one category',
    row: {
      target: 'mode',
      before: { overall: 'shadow', byCategory: {} },
      after: { overall: 'shadow', byCategory: { scanner: 'enforce' } }
    },
    expected: 'mode scanner enforce: because'
  },
  {
    name: 'whom a warning was about',
    row: {
      target: '01'.repeat(16),
      before: null,
      after: { id: 'ab', prefixes: ['192.0.2.1/32', '2001:db8::/48'], category: 'scanner' }
    },
    expected: 'scanner: 192.0.2.1 2001:db8::/48: because'
  },
  {
    name: 'what was taken back',
    row: { target: '01'.repeat(16), before: null, after: { id: 'ab', prefixes: ['192.0.2.1/32'] } },
    expected: '192.0.2.1: because'
  },
  {
    name: 'anything else by its target',
    row: { target: 'token:x', before: null, after: { scope: 'read' } },
    expected: 'token:x: because'
  }
]) {
  test(`says ${name}`, () => is(aboutText({ ...row, reason: 'because' }), expected))
}
