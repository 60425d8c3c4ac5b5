/** The guard over the real store: what survives a kill, what follows a change of rules, what a person can do and undo. */
import { equal, is, ok, throws } from 'uvu/assert'
import {
  type Decision,
  GuardService,
  type ModeSettings,
  type ProtectedEntry
} from '../../../src/defense/index.ts'
import type { ModelEvidence, Verdict } from '../../../src/detection/index.ts'
import { AuditRepository } from '../../../src/store/audit-repository.ts'
import type { Connection } from '../../../src/store/connection.ts'
import { storePaths } from '../../../src/store/data-directory.ts'
import {
  DecisionRepository,
  EvidenceRepository,
  ListRepository,
  ModeRepository,
  openDatabase
} from '../../../src/store/index.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { request, START_MS } from '../../support/events.ts'
import {
  HOUR_MS,
  LADDER_MS,
  MINUTE_MS,
  PUBLIC,
  RecordingActuators,
  ScriptedPolicy,
  SettableClock,
  verdict
} from '../../support/guard.ts'
import { makeDataDir, removeDataDir, uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('guard service over the real store')
const OPERATOR = 'cli:test'
const ENFORCE: ModeSettings = { overall: 'enforce', byCategory: {}, previous: undefined }

let dataDir = ''
let clock: SettableClock
let made = 0

/** One life of the node: everything but the directory and the time is new. */
interface Life {
  readonly db: Connection
  readonly decisions: DecisionRepository<Decision>
  readonly evidence: EvidenceRepository<ModelEvidence>
  readonly audit: AuditRepository
  readonly policy: ScriptedPolicy
  readonly actuators: RecordingActuators
  readonly guard: GuardService
  protectedEntries: readonly ProtectedEntry[]
  factsChanged: () => void
  say(...verdicts: readonly Partial<Verdict>[]): void
  held(): string[]
}

const lives: Life[] = []

async function begin(
  fields: {
    protectedEntries?: readonly ProtectedEntry[]
    checkpoint?: unknown
    initial?: ModeSettings
  } = {}
): Promise<Life> {
  const { db } = openDatabase({ dataDir, clock })
  const audit = new AuditRepository(db, clock, { headFile: storePaths(dataDir).auditHead })
  const policy = new ScriptedPolicy()
  const actuators = new RecordingActuators()
  const decisions = new DecisionRepository<Decision>(db)
  const evidence = new EvidenceRepository<ModelEvidence>(db)
  const guard = new GuardService(
    {
      treatAsPublic: PUBLIC,
      throttleTtlMs: 10 * MINUTE_MS,
      banLadderMs: LADDER_MS,
      ladderMemoryMs: 7 * 24 * HOUR_MS,
      maxActive: 1_000
    },
    {
      policy,
      decisions,
      evidence,
      allowlist: new ListRepository(db, 'allowlist'),
      blocklist: new ListRepository(db, 'blocklist'),
      mode: new ModeRepository<ModeSettings>(db, fields.initial ?? ENFORCE),
      audit,
      unitOfWork: db.transaction,
      actuators,
      facts: {
        current: () => ({ entries: life.protectedEntries }),
        onChange: (listener) => {
          life.factsChanged = listener
          return () => {}
        }
      },
      clock,
      logger: NULL_LOGGER,
      metrics: { decided() {}, ended() {}, suppressed() {}, observed() {}, storeFailed() {} },
      createId: () => uuidOf(++made)
    }
  )
  const life: Life = {
    db,
    decisions,
    evidence,
    audit,
    policy,
    actuators,
    guard,
    protectedEntries: fields.protectedEntries ?? [],
    factsChanged: () => {},
    say(...verdicts) {
      for (const given of verdicts) {
        const said = verdict({ atMs: clock.nowMs(), ...given })
        const line = `line ${policy.verdicts.size}`
        policy.verdicts.set(line, [said])
        guard.observe(
          request({ atMs: said.atMs, loggedAtMs: said.atMs, source: '192.0.2.200', line })
        )
      }
    },
    held: () => actuators.desired.map((entry) => `${entry.action} ${entry.prefix}`).sort()
  }
  if (fields.checkpoint !== undefined) guard.restore(fields.checkpoint)
  await guard.start(new AbortController().signal)
  lives.push(life)
  return life
}

/** As a kill would: nothing is said goodbye to, only the file is let go. */
function kill(life: Life): void {
  if (life.db.isOpen) life.db.close()
}

test.beforeEach(() => {
  dataDir = makeDataDir()
  clock = new SettableClock(START_MS)
})
test.afterEach(async () => {
  for (const life of lives.splice(0)) {
    kill(life)
    await life.guard.stop()
  }
  removeDataDir(dataDir)
})

test('stores a decision with its audit row before any actuator hears of it', async () => {
  const life = await begin()
  const seen: string[] = []
  life.actuators.onDesired = (entries) => {
    for (const { decisionId } of entries) {
      const stored = life.decisions.find(decisionId)
      const audited = life.audit
        .list({ limit: 10 })
        .items.some(({ target }) => target === decisionId)
      seen.push(`${stored?.value} ${audited}`)
    }
  }
  life.say({})
  equal(seen, ['203.0.113.7 true'])
})

test('holds after a kill what it held before, and lets it end at its time', async () => {
  const before = await begin()
  before.say({}, { value: '203.0.113.8', level: 'throttle' })
  kill(before)
  await clock.advance(5 * MINUTE_MS)
  const after = await begin()
  equal(after.held(), ['ban 203.0.113.7/32', 'throttle 203.0.113.8/32'])
  await clock.advance(5 * MINUTE_MS)
  equal(after.held(), ['ban 203.0.113.7/32'])
  await clock.advance(20 * MINUTE_MS)
  equal(after.held(), [])
})

test('does not decide again on lines that are read again after a kill', async () => {
  const before = await begin()
  const checkpoint = structuredClone(before.guard.snapshot())
  before.say(
    { value: '203.0.113.7' },
    { value: '203.0.113.8' },
    { value: '203.0.113.9', holdMs: 1_000 }
  )
  const [lifted] = before.decisions.list({ value: '203.0.113.8', limit: 1 }).items
  await clock.advance(MINUTE_MS)
  before.guard.lift(lifted?.id ?? '', OPERATOR, 'mistake')
  kill(before)
  const after = await begin({ checkpoint })
  for (const value of ['203.0.113.7', '203.0.113.8', '203.0.113.9']) {
    after.say({ value, atMs: START_MS })
  }
  equal(after.held(), ['ban 203.0.113.7/32'])
  is(after.decisions.list({ limit: 10 }).items.length, 3)
})

test('climbs the ladder though the node was dead when the last ban ended, with or without checkpoint', async () => {
  const before = await begin()
  before.say({})
  kill(before)
  await clock.advance(HOUR_MS)
  const after = await begin()
  after.say({})
  const [second] = after.decisions.list({ value: '203.0.113.7', limit: 1 }).items
  is(second?.offence, 1)
})

test('lifts at the start, with the reason, what became protected while it was dead', async () => {
  const before = await begin()
  before.say({}, { value: '203.0.113.8' })
  kill(before)
  const after = await begin({
    protectedEntries: [{ prefix: '203.0.113.7/32', kind: 'own-address', detail: 'interface eth0' }]
  })
  equal(after.held(), ['ban 203.0.113.8/32'])
  const [lifted] = after.decisions.list({ value: '203.0.113.7', limit: 1 }).items
  is(lifted?.liftReason, 'protected: own-address (interface eth0)')
  is(lifted?.liftedBy, 'system')
  const [row] = after.audit.list({ limit: 1 }).items
  is(row?.action, 'decision.lift')
  is((await after.audit.verify()).faults.length, 0)
})

test('lets go at once whoever the facts begin to protect, and keeps the offence on record', async () => {
  const life = await begin()
  life.say({}, { scope: 'swarm', value: 'swarm:1', members: ['203.0.113.7', '203.0.113.9'] })
  life.protectedEntries = [{ prefix: '203.0.113.7/32', kind: 'ssh-peer', detail: 'now' }]
  life.factsChanged()
  equal(life.held(), ['ban 203.0.113.9/32'])
  life.protectedEntries = []
  life.factsChanged()
  life.say({})
  equal(life.held(), ['ban 203.0.113.7/32', 'ban 203.0.113.9/32'])
})

test('takes everything back in shadow mode, puts it in place again by undo, and never the other way unasked', async () => {
  const life = await begin()
  life.say({}, { value: '203.0.113.8', category: 'harvesting' })
  life.guard.block({ prefix: '203.0.113.99', note: '', untilMs: undefined }, OPERATOR)
  life.guard.setMode({ mode: 'shadow', category: undefined }, OPERATOR, 'too eager')
  equal(life.held(), ['ban 203.0.113.99/32'])
  life.guard.undoMode(OPERATOR)
  equal(life.held(), ['ban 203.0.113.7/32', 'ban 203.0.113.8/32', 'ban 203.0.113.99/32'])
  life.guard.setMode({ mode: 'shadow', category: 'harvesting' }, OPERATOR, 'look first')
  equal(life.held(), ['ban 203.0.113.7/32', 'ban 203.0.113.99/32'])
  is(life.decisions.list({ mode: 'shadow', limit: 10 }).items[0]?.value, '203.0.113.8')
  life.guard.setMode({ mode: 'enforce', category: 'harvesting' }, OPERATOR, 'seen')
  equal(life.held(), ['ban 203.0.113.7/32', 'ban 203.0.113.8/32', 'ban 203.0.113.99/32'])
})

test('applies nothing in shadow mode and shows all of it', async () => {
  const life = await begin({ initial: { ...ENFORCE, overall: 'shadow' } })
  life.say({}, { value: '203.0.113.8', level: 'throttle' })
  equal(life.held(), [])
  const [run] = await life.guard.dryRun(new AbortController().signal)
  equal([...(run?.lines ?? [])].sort(), ['add 203.0.113.7/32', 'add 203.0.113.8/32'])
  const report = life.guard.shadowReport(0)
  equal([report.wouldBan, report.wouldThrottle], [1, 1])
  equal(life.guard.explain('203.0.113.7').decisions[0]?.state, 'shadow')
})

test('lifts when told, forgets why, and decides on new evidence', async () => {
  const life = await begin()
  life.say({})
  const [first] = life.decisions.list({ limit: 1 }).items
  await clock.advance(1_000)
  life.guard.lift(first?.id ?? '', OPERATOR, 'mistake')
  equal(life.held(), [])
  equal(life.policy.forgotten, ['203.0.113.7'])
  life.say({ atMs: START_MS })
  equal(life.held(), [], 'what was seen before the lift is no evidence')
  life.say({})
  equal(life.held(), ['ban 203.0.113.7/32'])
  is(life.decisions.list({ limit: 1 }).items[0]?.offence, 0)
  throws(
    () => life.guard.lift(first?.id ?? '', OPERATOR, 'again'),
    (error: { code?: string }) => error.code === 'DECISION_NOT_ACTIVE'
  )
  throws(
    () => life.guard.lift(uuidOf(4_000), OPERATOR, 'none'),
    (error: { code?: string }) => error.code === 'DECISION_NOT_FOUND'
  )
})

test('puts the allowlist before every block, and the block in place again when the entry goes', async () => {
  const life = await begin()
  const { guard } = life
  guard.block({ prefix: '203.0.113.7', note: 'harvester', untilMs: undefined }, OPERATOR)
  life.say({ value: '203.0.113.8' })
  guard.allow({ prefix: '203.0.113.0/28', note: 'university', untilMs: undefined }, OPERATOR)
  equal(life.held(), [])
  equal(
    guard.blocklist().map(({ prefix }) => prefix),
    ['203.0.113.7/32']
  )
  throws(
    () => guard.block({ prefix: '203.0.113.9', note: '', untilMs: undefined }, OPERATOR),
    (error: { code?: string }) => error.code === 'PROTECTED'
  )
  guard.disallow('203.0.113.0/28', OPERATOR)
  equal(life.held(), ['ban 203.0.113.7/32'])
})

test('lets an allowlist entry end by the clock, and with it what it held back', async () => {
  const life = await begin()
  life.guard.block({ prefix: '203.0.113.7', note: '', untilMs: undefined }, OPERATOR)
  const untilMs = clock.nowMs() + HOUR_MS
  life.guard.allow({ prefix: '203.0.113.7', note: 'for an hour', untilMs }, OPERATOR)
  equal(life.held(), [])
  await clock.advance(HOUR_MS + 2 * MINUTE_MS)
  equal(life.guard.allowlist(), [])
  equal(life.held(), ['ban 203.0.113.7/32'])
})

test('takes a block from the list with its decision, whichever of the two goes first', async () => {
  const { guard, held } = await begin()
  const one = guard.block({ prefix: '203.0.113.7', note: '', untilMs: undefined }, OPERATOR)
  guard.block({ prefix: '203.0.113.8', note: '', untilMs: undefined }, OPERATOR)
  guard.lift(one.decision.id, OPERATOR, 'enough')
  equal(
    guard.blocklist().map(({ prefix }) => prefix),
    ['203.0.113.8/32']
  )
  guard.unblock('203.0.113.8', OPERATOR)
  equal(guard.blocklist(), [])
  equal(held(), [])
  await clock.advance(2 * MINUTE_MS)
  equal(held(), [])
})

test('replaces what detection decided by the operator’s own word', async () => {
  const life = await begin()
  life.say({})
  const untilMs = clock.nowMs() + 2 * HOUR_MS
  const { decision } = life.guard.block({ prefix: '203.0.113.7', note: '', untilMs }, OPERATOR)
  equal(
    life.actuators.desired.map((entry) => entry.decisionId),
    [decision.id]
  )
  life.say({ level: 'throttle' })
  is(life.actuators.desired[0]?.untilMs, untilMs)
  is(life.decisions.active(clock.nowMs()).length, 1)
})

test('imports a list as a whole, over what stood before, with one audit entry', async () => {
  const life = await begin()
  life.say({})
  life.guard.block({ prefix: '203.0.113.8', note: 'old', untilMs: undefined }, OPERATOR)
  const list = ['203.0.113.7', '203.0.113.8', '203.0.113.9'].map((prefix) => ({
    prefix,
    note: 'of a feed',
    untilMs: undefined
  }))
  const bad = { prefix: '10.0.0.1', note: '', untilMs: undefined }
  is(life.guard.importBlocks([...list, bad], OPERATOR).kind, 'refused')
  is(life.guard.blocklist().length, 1)
  const before = life.audit.list({ limit: 100 }).items.length
  equal(life.guard.importBlocks(list, OPERATOR), { kind: 'imported', imported: 3, unchanged: 0 })
  equal(life.held(), ['ban 203.0.113.7/32', 'ban 203.0.113.8/32', 'ban 203.0.113.9/32'])
  const rows = life.audit.list({ limit: 100 }).items
  // Newest first: that detection's own decision ended is on record beside the import.
  equal(
    rows.slice(0, rows.length - before).map(({ action }) => action),
    ['blocklist.import', 'decision.lift']
  )
  equal(rows[0]?.target, '3 prefixes')
  is(life.decisions.active(clock.nowMs()).length, 3)
  const told = life.actuators.told
  equal(life.guard.importBlocks(list, OPERATOR), { kind: 'imported', imported: 0, unchanged: 3 })
  equal([life.actuators.told, life.audit.list({ limit: 100 }).items.length], [told, rows.length])
})

test('an import that cannot be stored changes nothing, and the node says that it cannot store', async () => {
  const life = await begin()
  life.db.execute('PRAGMA query_only = ON')
  const list = [{ prefix: '203.0.113.7', note: '', untilMs: undefined }]
  throws(
    () => life.guard.importBlocks(list, OPERATOR),
    (error: { code?: string }) => error.code === 'DATABASE_READ_ONLY'
  )
  throws(
    () => life.db.checkWritable(),
    (error: { code?: string }) => error.code === 'DATABASE_READ_ONLY'
  )
  equal([life.guard.blocklist(), life.held(), life.guard.storeProblem], [[], [], undefined])
  life.say({})
  ok(life.guard.storeProblem)
  life.db.execute('PRAGMA query_only = OFF')
  life.db.checkWritable()
  await clock.advance(1_000)
  equal([life.guard.storeProblem, life.held()], [undefined, ['ban 203.0.113.7/32']])
})

test('blocks ranges and single IPv6 addresses of the operator against what comes from them', async () => {
  const life = await begin()
  for (const prefix of ['203.0.113.64/26', '2001:db8::7/128']) {
    life.guard.block({ prefix, note: '', untilMs: undefined }, OPERATOR)
  }
  for (const source of ['203.0.113.100', '203.0.113.1', '2001:db8::7', '2001:db8::8']) {
    life.guard.observe(request({ atMs: clock.nowMs(), loggedAtMs: clock.nowMs(), source }))
  }
  equal(life.policy.standingSeen, ['ban', undefined, 'ban', undefined])
})

for (const byMs of [7 * 24 * HOUR_MS, -7 * 24 * HOUR_MS]) {
  test(`neither loses nor prolongs a decision when the clock is set by ${byMs / (24 * HOUR_MS)} days, restart included`, async () => {
    const life = await begin()
    life.say({})
    await clock.advance(10 * MINUTE_MS)
    clock.setBy(byMs)
    await clock.advance(1_000)
    equal(life.held(), ['ban 203.0.113.7/32'])
    await clock.advance(10 * MINUTE_MS)
    kill(life)
    const after = await begin()
    equal(after.held(), ['ban 203.0.113.7/32'])
    await clock.advance(10 * MINUTE_MS)
    equal(after.held(), [])
  })
}

test('gives no decision more time than it had when the clock was set back while the node was dead', async () => {
  const before = await begin()
  before.say({})
  kill(before)
  clock.setBy(-24 * HOUR_MS)
  const after = await begin()
  equal(after.held(), ['ban 203.0.113.7/32'])
  await clock.advance(30 * MINUTE_MS)
  equal(after.held(), [])
})

test('goes on judging when a line breaks the policy', async () => {
  const life = await begin()
  life.policy.failure = new Error('a strange line')
  life.say({})
  equal(life.held(), [])
  life.policy.failure = undefined
  life.say({})
  equal(life.held(), ['ban 203.0.113.7/32'])
})

test('tells followers in order, and no more after they have left', async () => {
  const life = await begin()
  const seen: string[] = []
  const leave = life.guard.subscribe((effect) => seen.push(effect.kind))
  const deaf = life.guard.subscribe(() => {
    throw new Error('a broken listener')
  })
  life.say({ level: 'throttle' }, {})
  leave()
  deaf()
  life.say({ value: '203.0.113.8' })
  equal(seen, ['decided', 'ended', 'decided'])
})

test('counts what it is asked for', async () => {
  const life = await begin()
  is(life.guard.status().lastEventAtMs, undefined)
  life.say(
    {},
    { value: '203.0.113.8', level: 'throttle' },
    { value: '203.0.113.9', level: 'watch' }
  )
  const { activeDecisions, eventsTotal, lastEventAtMs } = life.guard.status()
  equal(activeDecisions, { ban: 1, throttle: 1, watch: 1 })
  is(eventsTotal, 3)
  is(lastEventAtMs, START_MS)
  equal(life.guard.heldPrefixes('ban'), ['203.0.113.7/32'])
  equal(life.guard.heldPrefixes('throttle'), ['203.0.113.8/32'])
})

test('refuses a checkpoint of another version and keeps its own state', async () => {
  const life = await begin()
  for (const checkpoint of [
    undefined,
    null,
    {},
    { core: { version: 1 } },
    { core: { version: 2 } }
  ]) {
    throws(
      () => life.guard.restore(checkpoint),
      (error: { code?: string }) => error.code === 'GUARD_STATE_INVALID'
    )
  }
  life.say({})
  ok(life.held().length === 1)
})
