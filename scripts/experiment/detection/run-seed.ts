/** One seed: its test days under our policy, every baseline and the yardstick. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { POLICY_NAMES, type PolicyName } from '../../../src/detection/index.ts'
import { YARDSTICK } from './comparison.ts'
import type { Day } from './figures.ts'
import { readCampaigns } from './labels.ts'
import { loadOutcomes, saveJson } from './outcomes.ts'
import type { Plan, PlannedDay } from './plan.ts'
import { runDays } from './run-jobs.ts'
import { loadSessions } from './session-rows.ts'
import { judgeByYardstick, trainYardstick } from './yardstick.ts'

export interface SeedContext {
  readonly plan: Plan
  readonly hours: number
  readonly workers: number
  readonly modelDir: string
  readonly say: (text: string) => void
}

export type SeedDays = Readonly<Record<string, readonly Day[]>>

/** @returns the seed's test days by policy, the yardstick among them */
export async function runSeed(seed: number, context: SeedContext): Promise<SeedDays> {
  const { plan, hours, workers, modelDir, say } = context
  const test = plan.daysOf('test', seed, { hours })
  const train = plan.daysOf('train', seed, { hours })
  const fileOf = (day: PlannedDay, policy: PolicyName) =>
    plan.outcomeFile(day, policy, policy === 'default' ? { modelDir } : {})
  const testJobs = test.map((day) =>
    plan.jobOf(day, {
      replays: POLICY_NAMES.map((policy) => ({ policy, modelDir, out: fileOf(day, policy) })),
      sessions: plan.sessionFile(day)
    })
  )
  // Only their whole sessions are kept: the logs of six more days would fill the disk.
  const trainJobs = train.map((day) => ({
    ...plan.jobOf(day, { sessions: plan.sessionFile(day) }),
    isBrief: true
  }))
  await runDays([...testJobs, ...trainJobs], {
    workers,
    onDone: (job, left) => say(`seed ${seed}: ${job.dir.split('/').at(-1)} done, ${left} to go`)
  })
  await makeYardstick(seed, { test, train, context })
  const days: Record<string, readonly Day[]> = {}
  for (const policy of POLICY_NAMES) {
    days[policy] = await Promise.all(test.map((day) => loadDay(day, fileOf(day, policy))))
  }
  days[YARDSTICK] = await Promise.all(test.map((day) => loadDay(day, yardstickFile(plan, day))))
  return days
}

async function loadDay(day: PlannedDay, file: string): Promise<Day> {
  const campaigns = await readCampaigns(join(day.dir, 'campaigns.jsonl'))
  return { name: day.name, outcomes: await loadOutcomes(file), campaigns }
}

function yardstickFile(plan: Plan, day: PlannedDay): string {
  return `${plan.sessionFile(day)}-yardstick.json`
}

async function makeYardstick(
  seed: number,
  of: {
    readonly test: readonly PlannedDay[]
    readonly train: readonly PlannedDay[]
    readonly context: SeedContext
  }
): Promise<void> {
  const { plan, say } = of.context
  if (of.test.every((day) => existsSync(yardstickFile(plan, day)))) return
  const sessions = await Promise.all(of.train.map((day) => loadSessions(plan.sessionFile(day))))
  say(`seed ${seed}: whole-session boosting`)
  const yardstick = trainYardstick(sessions, { seed })
  for (const day of of.test) {
    const like = await loadOutcomes(plan.outcomeFile(day, 'rules'))
    const own = await loadSessions(plan.sessionFile(day))
    await saveJson(yardstickFile(plan, day), judgeByYardstick(yardstick, own, like))
  }
}
