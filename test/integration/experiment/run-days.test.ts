import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, ok, throws } from 'uvu/assert'
import { figuresOf } from '../../../scripts/experiment/detection/figures.ts'
import { readCampaigns } from '../../../scripts/experiment/detection/labels.ts'
import { readOptions } from '../../../scripts/experiment/detection/options.ts'
import { loadOutcomes } from '../../../scripts/experiment/detection/outcomes.ts'
import { Plan } from '../../../scripts/experiment/detection/plan.ts'
import { runDays } from '../../../scripts/experiment/detection/run-jobs.ts'
import { loadSessions } from '../../../scripts/experiment/detection/session-rows.ts'
import { suite } from '../../support/suite.ts'

const test = suite('days of the detection experiment')
const MINUTE_MS = 60_000
let root = ''
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'netminder-days-'))
})
test.after(() => rm(root, { recursive: true }))

test(
  'a day is generated, replayed and kept; what is there is not made again',
  async () => {
    const plan = new Plan(root)
    const [day] = plan.daysOf('test', 1, { hours: 0.1, scenarios: ['upload-swarm'] })
    ok(day !== undefined)
    const out = plan.outcomeFile(day, 'rules')
    const job = {
      ...plan.jobOf(day, {
        replays: [{ policy: 'rules', out }],
        sessions: plan.sessionFile(day)
      }),
      isBrief: true
    }
    let made = 0
    const options = { workers: 1, onDone: () => void made++ }
    await runDays([job], options)
    await runDays([job], options)
    is(made, 1)
    is(existsSync(join(day.dir, 'haproxy.log')), false)
    const outcomes = await loadOutcomes(out)
    const sessions = await loadSessions(plan.sessionFile(day))
    const campaigns = await readCampaigns(join(day.dir, 'campaigns.jsonl'))
    const figures = figuresOf([{ name: day.name, outcomes, campaigns }])
    ok(figures.abuseSources > 0 && figures.benignSources > 0)
    is(sessions.isAbuse.filter(Boolean).length, figures.abuseSources)
    is(
      Object.values(figures.benignByClass).every(({ sources, flagged }) => sources >= flagged),
      true
    )
  },
  { timeoutMs: 5 * MINUTE_MS }
)

test('a day that cannot be made ends the run', async () => {
  const job = {
    dir: join(root, 'nowhere'),
    seed: 1,
    replays: [{ policy: 'rules', out: 'x' }]
  } as const
  let message = ''
  await runDays([job], { workers: 1 }).catch((error: Error) => {
    message = error.message
  })
  ok(message.includes('exit code'), message)
})

test('options are read, and wrong ones named', () => {
  const { seeds, hours, workers } = readOptions(['--retrain', '--seeds', '3', '--seed', '4'])
  equal([seeds, hours, workers], [[4, 5, 6], 2, 2])
  equal(readOptions(['--retrain', '--quick']).seeds, [1])
  equal(readOptions(['--retrain', '--seeds', '3']).zeroDaySeeds, [])
  equal(readOptions(['--retrain', '--seeds', '3', '--zero-day']).zeroDaySeeds, [1, 2, 3])
  const few = ['--retrain', '--seeds', '3', '--zero-day', '--zero-day-seeds']
  equal(readOptions([...few, '2']).zeroDaySeeds, [1, 2])
  throws(() => readOptions([...few, '4']), /--zero-day-seeds from 1 to 3, got 4/)
  throws(() => readOptions(['--retrain', '--hours', '0']), /--hours from 0.1 to 48, got 0/)
  throws(() => readOptions(['--retrain', '--seeds', 'x']), /--seeds from 1 to 100, got x/)
  throws(() => readOptions(['--retrain', '--model', 'y']), /got both/)
  throws(() => readOptions(['--model', root]), /no manifest.json/)
  throws(() => readOptions(['--nonsense']), /nonsense/)
})
