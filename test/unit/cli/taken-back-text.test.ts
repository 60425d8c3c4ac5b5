import { is } from 'uvu/assert'
import type { ApiClient, OperationResponse } from '../../../src/api/index.ts'
import { NetminderError } from '../../../src/base/index.ts'
import { takenBackText } from '../../../src/cli/commands/taken-back-text.ts'
import { suite } from '../../support/suite.ts'

const test = suite('When a lift is told')
const SIGNAL = new AbortController().signal
type Sharing = OperationResponse<'showNetworkStatus'>['sharing']

function textFor(sharing: Partial<Sharing>, networks: readonly unknown[] = [{}]) {
  const answer = {
    networks,
    sharing: {
      ...{ unsaid_decisions: 0, waits_because: null },
      ...{ is_taking_back: true, taken_back_within_ms: 1_000, ...sharing }
    }
  }
  const client = { call: () => Promise.resolve(answer) } as unknown as Pick<ApiClient, 'call'>
  return takenBackText(client, SIGNAL)
}

test('says how long it takes until the others know', async () => {
  is(await textFor({}), ' The other operators are told within 1s.')
  const used = { taken_back_within_ms: 37 * 60_000 }
  is(await textFor(used), ' The other operators are told within 37m.')
})

test('says nothing where nobody was told, and where networks are turned off', async () => {
  is(await textFor({ is_taking_back: false }), '')
  is(await textFor({}, []), '')
  const call = () => Promise.reject(new NetminderError('NETWORKS_OFF', 'networks are turned off'))
  is(await takenBackText({ call } as Pick<ApiClient, 'call'>, SIGNAL), '')
})

test('a failure of ours is not hidden', async () => {
  const call = () => Promise.reject(new TypeError('ours'))
  let failure: unknown
  await takenBackText({ call } as Pick<ApiClient, 'call'>, SIGNAL).catch((error: unknown) => {
    failure = error
  })
  is(failure instanceof TypeError, true)
})
