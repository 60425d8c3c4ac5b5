/** How much of what is here one peer may fetch. */
import { is } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import {
  AUTHOR_QUOTA,
  type FetchQuota,
  STRANGER_QUOTA
} from '../../../../src/network/fetch-protocol/constants.ts'
import { FetchHandler } from '../../../../src/network/fetch-protocol/handler.ts'
import type { KeptEvent } from '../../../../src/network/ports.ts'
import {
  ANY_EVENT_BYTES_MAX,
  decodeFetchResponse,
  encodeFetchRequest,
  FETCH_EVENTS_BYTES_MAX
} from '../../../../src/wire/index.ts'
import { NETWORK } from '../../../support/network.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: whoever fetches')
const IDS = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i + 1))
const PER_ANSWER = FETCH_EVENTS_BYTES_MAX

function makeHandler(length: number) {
  const clock = new ManualClock(1_000)
  const envelope = new Uint8Array(length)
  const get = (ids: readonly Uint8Array[]) =>
    ids.map((id) => ({ id, network: NETWORK.id, envelope }) as unknown as KeptEvent)
  const handler = new FetchHandler(NETWORK.id, { events: { get }, clock })
  const ask = (account: string, isAuthor: boolean) =>
    decodeFetchResponse(handler.handle({ account, isAuthor }, encodeFetchRequest({ ids: IDS })))
  return { clock, ask }
}

for (const [name, isAuthor, quota] of [
  ['an author', true, AUTHOR_QUOTA],
  ['a stranger', false, STRANGER_QUOTA]
] as const satisfies readonly (readonly [string, boolean, FetchQuota])[]) {
  test(`${name} may ask so often within a minute, and then again as time goes`, async () => {
    const { clock, ask } = makeHandler(1)
    let given = 0
    while (ask('a', isAuthor).refusal === undefined) given++
    is(given, quota.requestsPerMinute)
    is(ask('a', isAuthor).events.length, 0)
    is(ask('b', isAuthor).events.length, IDS.length)
    await clock.advance(60_000 / quota.requestsPerMinute)
    is(ask('a', isAuthor).refusal, undefined)
    is(ask('a', isAuthor).refusal, 'limit')
  })

  test(`${name} gets so many bytes within a minute`, () => {
    const { ask } = makeHandler(ANY_EVENT_BYTES_MAX)
    let given = 0
    while (ask('a', isAuthor).refusal === undefined) given += PER_ANSWER
    is(given, quota.bytesPerMinute)
  })
}
