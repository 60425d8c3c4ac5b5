import { is } from 'uvu/assert'
import { describeAlert } from '../../../src/cli/commands/alerts.ts'
import { suite } from '../../support/suite.ts'

const test = suite('text of warnings')
type Alert = Parameters<typeof describeAlert>[0]

const ALERT: Alert = {
  ...{ id: '01', network: '02', author: '0123456789abcdef0123', author_name: 'keys.example' },
  ...{ is_own: false, via: 'gossip', severity: 'high', category: 'scanner', confidence: 0.9 },
  at: '2026-11-25T03:00:00.000Z',
  until: '2026-11-25T04:00:00.000Z',
  received_at: '2026-11-25T03:00:00.100Z',
  prefixes: ['198.51.100.7'],
  requests_bucket: 3
}
const SAID = '2026-11-25 03:00:00 UTC  high scanner: 198.51.100.7, for 1h, by'

for (const { name, fields, expected } of [
  { name: 'who says it', fields: {}, expected: `${SAID} keys.example (0123456789ab)` },
  { name: 'his key alone', fields: { author_name: null }, expected: `${SAID} 0123456789ab` },
  { name: 'his key for no name', fields: { author_name: '' }, expected: `${SAID} 0123456789ab` },
  { name: 'itself', fields: { is_own: true }, expected: `${SAID} this node` },
  {
    name: 'a name that would move the cursor',
    fields: { author_name: 'k\u001b[2J' },
    expected: `${SAID} k\ufffd[2J (0123456789ab)`
  },
  {
    name: 'the first of many, and a category of a later version',
    fields: { category: null, prefixes: ['8.8.8.1', '8.8.8.2', '8.8.8.3', '8.8.8.4', '8.8.8.5'] },
    expected:
      '2026-11-25 03:00:00 UTC  high unknown category: 8.8.8.1 8.8.8.2 8.8.8.3 and 2 more, for 1h, by keys.example (0123456789ab)'
  }
] satisfies readonly { name: string; fields: Partial<Alert>; expected: string }[]) {
  test(`one line names ${name}`, () => is(describeAlert({ ...ALERT, ...fields }), expected))
}
