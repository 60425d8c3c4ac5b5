import { is } from 'uvu/assert'
import { describeEvent, isOfNetworks } from '../../../src/cli/commands/watch.ts'
import { suite } from '../../support/suite.ts'

const test = suite('watching decisions')
const decision = {
  value: '198.51.100.7',
  type: 'ban',
  mode: 'shadow',
  category: 'scanner',
  created_at: '2026-11-25T03:00:00.000Z',
  until: '2026-11-25T03:30:00.000Z',
  lifted_at: null,
  reasons: [{ text: 'asked for /.env' }, { text: 'calls itself a scanner\u001b[2J' }]
}
const AT = '2026-11-25T03:10:00.000Z'

for (const { event, data, expected } of [
  {
    event: 'decision.created',
    data: { decision },
    expected:
      '2026-11-25 03:00:00 UTC  decided    198.51.100.7: ban for scanner until 2026-11-25 03:30:00 UTC (shadow: not applied): asked for /.env; calls itself a scanner�[2J'
  },
  {
    event: 'decision.created',
    data: { decision: { ...decision, mode: 'enforce', until: '9999-01-01T00:00:00.000Z' } },
    expected:
      '2026-11-25 03:00:00 UTC  decided    198.51.100.7: ban for scanner until it is removed: asked for /.env; calls itself a scanner\ufffd[2J'
  },
  {
    event: 'decision.extended',
    data: { decision: { ...decision, mode: 'enforce', reasons: [{ text: 'again' }] } },
    expected:
      '2026-11-25 03:00:00 UTC  prolonged  198.51.100.7: ban for scanner until 2026-11-25 03:30:00 UTC: again'
  },
  {
    event: 'decision.ended',
    data: { decision, at: AT, why: 'lifted' },
    expected:
      '2026-11-25 03:10:00 UTC  ended      198.51.100.7: ban for scanner, lifted (shadow: not applied)'
  },
  {
    event: 'suppression',
    data: { at: AT, value: '192.0.2.1', wanted: 'ban', protected_by: 'gateway', detail: 'eth0' },
    expected: '2026-11-25 03:10:00 UTC  held back  192.0.2.1: ban wanted, but gateway (eth0)'
  },
  { event: 'gap', data: {}, expected: '-- gap: events were lost' }
]) {
  test(`${event} is one line: ${expected.slice(0, 70)}`, () =>
    is(describeEvent({ id: '1', event, data }), expected))
}

test('what comes of networks is no decision', () => {
  for (const event of ['alert.received', 'alert.retracted', 'list.received', 'list.sent']) {
    is(isOfNetworks({ event }), true, event)
  }
  for (const event of ['decision.created', 'suppression', 'gap']) {
    is(isOfNetworks({ event }), false, event)
  }
})
