import { rejects } from 'node:assert/strict'
import { equal, is } from 'uvu/assert'
import { ApiClientError, ApiError, type ServerSentEvent } from '../../../src/api/index.ts'
import { followEvents } from '../../../src/cli/commands/follow-events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('following the events of a node')

/** What one connection gives before it ends, or how it fails. */
type Connection = readonly string[] | Error

const away = new ApiClientError('API_UNREACHABLE', 'expected a running node')

/** Ends with the last of the connections. */
function follow(connections: readonly Connection[]) {
  const stop = new AbortController()
  const asked: (string | undefined)[] = []
  const waits: number[] = []
  const followed = { asked, waits, lost: 0 }
  const left = [...connections]
  async function* events({ lastEventId }: { lastEventId?: string }) {
    asked.push(lastEventId)
    const connection = left.shift() ?? []
    if (left.length === 0) stop.abort()
    if (connection instanceof Error) throw connection
    for (const id of connection) yield { id, event: 'alert.received', data: {} }
  }
  const stream = followEvents({
    connect: () => ({ events }),
    clock: {
      sleep: (durationMs) => {
        waits.push(durationMs)
        return Promise.resolve()
      }
    },
    signal: stop.signal,
    onLost: () => followed.lost++
  })
  return { followed, stream }
}

async function idsOf(stream: AsyncGenerator<ServerSentEvent>): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id } of stream) ids.push(id)
  return ids
}

test('goes on after the last event when the node comes back, and says once that it was away', async () => {
  const { followed, stream } = follow([['r-1', ''], away, away, ['s-1'], ['s-2'], []])
  equal(await idsOf(stream), ['r-1', '', 's-1', 's-2'])
  equal(followed.asked, [undefined, 'r-1', 'r-1', 'r-1', 's-1', 's-2'])
  equal(followed.waits, [1_000, 2_000, 4_000, 1_000, 1_000])
  is(followed.lost, 1)
})

test('waits longer each time, up to half a minute', async () => {
  const { followed, stream } = follow([['r-1'], ...Array.from({ length: 7 }, () => away), []])
  await idsOf(stream)
  equal(followed.waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('a node that was never there, or that refuses, ends it', async () => {
  await rejects(idsOf(follow([away, []]).stream), { code: 'API_UNREACHABLE' })
  const revoked = new ApiError('TOKEN_REVOKED', 'the token is revoked')
  await rejects(idsOf(follow([['r-1'], revoked, []]).stream), { code: 'TOKEN_REVOKED' })
})
