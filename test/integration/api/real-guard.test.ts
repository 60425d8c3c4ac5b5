import * as assert from 'uvu/assert'
import { ApiClient } from '../../../src/api/index.ts'
import { type Actor, GuardService, type ModeSettings } from '../../../src/defense/index.ts'
import {
  DecisionRepository,
  EvidenceRepository,
  ListRepository,
  ModeRepository,
  TokenRepository
} from '../../../src/store/index.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { makeStore, removeStore, type TemporaryStore, uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API over the real guard and the real store')
const OPERATOR: Actor = 'cli:test'
const SHADOW: ModeSettings = { overall: 'shadow', byCategory: {}, previous: undefined }
let store: TemporaryStore
let tokens: TokenRepository
let guard: GuardService
let api: FakeApi
let stopping: AbortController

function makeGuard(): GuardService {
  const { db, clock, audit } = store
  let ids = 0
  return new GuardService(
    {
      treatAsPublic: ['192.0.2.0/24', '198.51.100.0/24'],
      throttleTtlMs: 600_000,
      banLadderMs: [1_800_000],
      ladderMemoryMs: 604_800_000,
      maxActive: 1_000
    },
    {
      policy: {
        name: 'none',
        sourcesTracked: 0,
        observe: () => [],
        describe: () => undefined,
        snapshot: () => undefined,
        restore() {}
      },
      decisions: new DecisionRepository(db),
      evidence: new EvidenceRepository(db),
      allowlist: new ListRepository(db, 'allowlist'),
      blocklist: new ListRepository(db, 'blocklist'),
      mode: new ModeRepository<ModeSettings>(db, SHADOW),
      audit,
      unitOfWork: db.transaction,
      actuators: {
        setDesired() {},
        statuses: () => [],
        dryRun: async () => [],
        sweep: async () => [],
        describe: () => [],
        isInEffect: () => false
      },
      facts: { current: () => ({ entries: [] }), onChange: () => () => {} },
      clock,
      logger: NULL_LOGGER,
      metrics: { decided() {}, ended() {}, suppressed() {}, observed() {}, storeFailed() {} },
      createId: () => uuidOf(++ids)
    }
  )
}

test.beforeEach(async () => {
  store = makeStore()
  stopping = new AbortController()
  tokens = new TokenRepository(store.db, store.clock, store.audit)
  guard = makeGuard()
  await guard.start(stopping.signal)
  api = await startFakeApi(
    {},
    { guard, tokens, verifier: tokens, audit: store.audit, clock: store.clock }
  )
})
test.afterEach(async () => {
  await api.stop()
  await guard.stop()
  stopping.abort()
  removeStore(store)
})

function clientOf(scope: 'read' | 'respond' | 'admin', expiresAtMs?: number): ApiClient {
  const { token } = tokens.create({ name: scope, scope, expiresAtMs }, OPERATOR)
  return new ApiClient({ url: api.url, token })
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return (error as { code?: string }).code ?? ''
  }
  return ''
}

test('blocks, explains, lists as text, lifts, and writes it all down', async () => {
  const admin = clientOf('admin')
  const { decision } = await admin.call('addToBlocklist', {
    body: { prefix: '198.51.100.7', note: 'harvester' }
  })
  assert.is(decision.client_ip, '198.51.100.7')
  assert.is(await admin.text('listBlocklist', { query: { format: 'plain' } }), '198.51.100.7/32\n')
  const explained = await admin.call('explainAddress', { params: { ip: '198.51.100.7' } })
  assert.is(explained.decisions[0]?.decision.id, decision.id)
  const lifted = await admin.call('liftDecision', {
    params: { id: decision.id },
    query: { reason: 'mistake' }
  })
  assert.is(lifted.lifted_by, 'token:admin')
  assert.is(await admin.text('listBlocklist', { query: { format: 'plain' } }), '')
  const { items } = await admin.call('listAudit', { query: { actor: 'token:admin' } })
  assert.equal(items.map((item) => item.action).sort(), ['blocklist.add', 'decision.lift'])
  const verified = await admin.call('verifyAudit', {})
  assert.equal(verified, { is_intact: true, rows: items.length + 1, faults: [] })
})

test('pages through decisions of the store', async () => {
  const admin = clientOf('admin')
  for (let i = 1; i <= 5; i++) {
    await admin.call('addToBlocklist', { body: { prefix: `192.0.2.${i}` } })
  }
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await admin.call('listDecisions', {
      query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) }
    })
    seen.push(...page.items.map((item) => item.value))
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  assert.is(new Set(seen).size, 5)
  const one = await admin.call('listDecisions', { query: { value: '192.0.2.3' } })
  assert.equal(
    one.items.map((item) => item.value),
    ['192.0.2.3']
  )
  assert.is(
    await codeOf(admin.call('listDecisions', { query: { cursor: 'nonsense' } })),
    'CURSOR_INVALID'
  )
})

test('refuses what the guard refuses, with its code', async () => {
  const admin = clientOf('admin')
  const block = (prefix: string, until?: string) =>
    codeOf(admin.call('addToBlocklist', { body: { prefix, until: until ?? null } }))
  assert.is(await block('127.0.0.1'), 'PROTECTED')
  assert.is(await block('8.0.0.0/8'), 'PREFIX_TOO_WIDE')
  assert.is(await block('192.0.2.1', '2001-01-01T00:00:00Z'), 'END_IN_PAST')
  assert.is(await block('nonsense'), 'ADDRESS_INVALID')
  assert.is(await codeOf(admin.call('undoMode', {})), 'NOTHING_TO_UNDO')
})

test('refuses a token from the moment it expires or is revoked', async () => {
  const admin = clientOf('admin')
  const reader = clientOf('read', store.clock.nowMs() + 1_000)
  assert.is(await codeOf(reader.call('showMode', {})), '')
  assert.is(await codeOf(reader.call('undoMode', {})), 'SCOPE_MISSING')
  await store.clock.advance(1_000)
  assert.is(await codeOf(reader.call('showMode', {})), 'TOKEN_EXPIRED')
  const made = await admin.call('createToken', { body: { name: 'soc', scope: 'respond' } })
  const soc = new ApiClient({ url: api.url, token: made.token })
  assert.is(await codeOf(soc.call('showMode', {})), '')
  await admin.call('revokeToken', { params: { id: made.item.id } })
  assert.is(await codeOf(soc.call('showMode', {})), 'TOKEN_REVOKED')
  assert.is(await codeOf(admin.call('createToken', { body: { name: 'soc' } })), 'TOKEN_NAME_TAKEN')
})

test('tells followers of the event stream what was decided', async () => {
  const admin = clientOf('admin')
  const enough = new AbortController()
  const events = admin.events({ signal: enough.signal })
  const first = events.next()
  // The stream is open once the server counts its client; until then events would pass it by.
  const timer = setInterval(() => {
    void codeOf(admin.call('addToBlocklist', { body: { prefix: '192.0.2.9' } }))
  }, 50)
  const { value } = await first
  clearInterval(timer)
  assert.is(value?.event, 'decision.created')
  enough.abort()
})
