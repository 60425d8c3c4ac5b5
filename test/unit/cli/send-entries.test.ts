import { equal, is } from 'uvu/assert'
import { type ApiClient, ApiError } from '../../../src/api/index.ts'
import { sendEntries } from '../../../src/cli/commands/send-entries.ts'
import { suite } from '../../support/suite.ts'

const test = suite('entries sent in batches')

interface Sent {
  readonly entries: readonly { readonly prefix: string }[]
  readonly key: string | undefined
}

/** A node that keeps what it took, and answers each request as the test says; undefined: it takes it. */
function nodeOf(answer: (sent: Sent) => ApiError | undefined) {
  const taken: Sent[] = []
  const call = async (_: unknown, input: unknown, how: { idempotencyKey?: string }) => {
    const { entries } = (input as { body: Sent }).body
    const sent = { entries, key: how.idempotencyKey }
    const error = answer(sent)
    if (error !== undefined) throw error
    taken.push(sent)
    return { imported: entries.length, unchanged: 0 }
  }
  return { taken, client: { call } as unknown as Pick<ApiClient, 'call'> }
}

function entriesOf(count: number, note = '') {
  return Array.from({ length: count }, (_, index) => ({
    prefix: `192.0.${index >> 8}.${index & 255}`,
    note,
    until: null
  }))
}

function send(entries: ReturnType<typeof entriesOf>, client: Pick<ApiClient, 'call'>) {
  const { signal } = new AbortController()
  return sendEntries(entries, { client, signal, onProgress: () => undefined })
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'no error',
    (error: { readonly code: string }) => error.code
  )
}

test('a long list goes in batches that a node takes, each with a key of its own', async () => {
  const { taken, client } = nodeOf(() => undefined)
  equal(await send(entriesOf(2_500), client), { imported: 2_500, unchanged: 0, refusals: [] })
  equal(
    taken.map(({ entries }) => entries.length),
    [1_000, 1_000, 500]
  )
  is(new Set(taken.map(({ key }) => key)).size, 3)
  equal(taken[0]?.entries[0], { prefix: '192.0.0.0' })
})

test('long notes make smaller batches, and a node that takes less gets less', async () => {
  const noted = nodeOf(() => undefined)
  await send(entriesOf(1_000, 'é'.repeat(500)), noted.client)
  for (const { entries } of noted.taken) {
    is(Buffer.byteLength(JSON.stringify({ entries })) < 65_536, true)
  }
  const small = nodeOf(({ entries }) =>
    entries.length > 300 ? new ApiError('BODY_TOO_LONG', 'too long') : undefined
  )
  is((await send(entriesOf(1_000), small.client)).imported, 1_000)
  equal(
    small.taken.map(({ entries }) => entries.length),
    [250, 250, 250, 250]
  )
  const tiny = nodeOf(() => new ApiError('BODY_TOO_LONG', 'too long'))
  is(await codeOf(send(entriesOf(4), tiny.client)), 'BODY_TOO_LONG')
})

test('what the node refuses is left out and named, the rest of its batch goes in', async () => {
  const keys = new Set<string | undefined>()
  const { taken, client } = nodeOf(({ entries, key }) => {
    keys.add(key)
    const errors = entries.flatMap(({ prefix }, index) =>
      prefix.endsWith('.7')
        ? [{ pointer: `/body/entries/${index}`, detail: 'no', code: 'PROTECTED' }]
        : []
    )
    return errors.length === 0
      ? undefined
      : new ApiError('ENTRIES_REFUSED', 'some', { extensions: { errors } })
  })
  equal(await send(entriesOf(10), client), {
    imported: 9,
    unchanged: 0,
    refusals: [{ prefix: '192.0.0.7', code: 'PROTECTED', detail: 'no' }]
  })
  is(taken.length, 1)
  is(keys.size, 2, 'another request has another key')
  const [seven] = entriesOf(8).slice(7)
  is((await send(seven === undefined ? [] : [seven], client)).imported, 0)
  is(taken.length, 1)
})

test('another failure ends it', async () => {
  for (const code of ['SCOPE_MISSING', 'ENTRIES_REFUSED']) {
    const { client } = nodeOf(() => new ApiError(code, 'no'))
    is(await codeOf(send(entriesOf(2), client)), code)
  }
})
