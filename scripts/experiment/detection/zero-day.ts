/**
 * Zero-day: each class of abuse is left out of training in turn, and the rest of the system is asked about it. Twice: with all rules,
 * and without those that were written for the class, since nobody has a rule for what nobody has seen.
 */
import type { Day } from './figures.ts'
import { secondsOf } from './figures.ts'
import { isFlagged, loadOutcomes } from './outcomes.ts'
import type { Plan, PlannedDay } from './plan.ts'
import type { Figure } from './results.ts'
import { runDays } from './run-jobs.ts'
import { meanInterval, quantile, shareInterval } from './statistics.ts'
import { isMet, TARGETS } from './targets.ts'

/** Rules that were written with a class in mind. */
export const OWN_RULES: Readonly<Record<string, readonly string[]>> = {
  A1: ['same-certificate', 'poisoning-notices', 'large-uploads', 'steady-uploads', 'upload-flood'],
  A2: ['large-uploads', 'poisoning-notices', 'upload-flood', 'steady-uploads'],
  A3: ['upload-flood', 'steady-uploads', 'prefix-uploads'],
  A4: ['swarm-uploads', 'swarm-tor-uploads', 'prefix-uploads'],
  A6: ['upload-flood', 'steady-uploads', 'large-uploads'],
  A7: ['upload-flood', 'steady-uploads'],
  A8: [
    'ordered-searches',
    'domain-searches',
    'name-walk',
    'word-searches',
    'swarm-domains',
    'swarm-walk'
  ],
  A9: [
    'ordered-searches',
    'synthetic-ids',
    'unknown-ids',
    'bulk-download',
    'swarm-walk',
    'swarm-bulk',
    'swarm-misses'
  ],
  A10: ['bulk-download', 'unknown-ids', 'ordered-searches', 'swarm-bulk'],
  A11: [
    'swarm-walk',
    'swarm-misses',
    'swarm-bulk',
    'swarm-bare-browsers',
    'swarm-crowd',
    'bare-browser'
  ],
  A12: ['hashquery-amplification'],
  A13: ['large-answers'],
  A14: ['scanner-path', 'stray-paths', 'scanner-agent', 'malformed'],
  A15: ['injection', 'crash-probe', 'scanner-agent'],
  A16: ['slow-requests', 'request-flood', 'malformed'],
  A17: ['refused-submissions'],
  A18: ['recon-probe'],
  A19: ['crash-probe', 'injection']
}

export interface ZeroDayClass {
  readonly class: string
  readonly sources: number
  readonly recall: Figure
  readonly recall_without_own_rules: Figure
  readonly rules_left_out: readonly string[]
  readonly seconds_p95: number | null
  readonly seconds_p95_without_own_rules: number | null
}

export interface ZeroDayResult {
  readonly hours: number
  readonly seeds: number
  readonly classes: readonly ZeroDayClass[]
  readonly summary: Readonly<Record<string, Figure | number | boolean | null>>
}

export interface ZeroDayContext {
  readonly plan: Plan
  readonly seeds: readonly number[]
  readonly hours: number
  readonly workers: number
  readonly say: (text: string) => void
  /** Makes a package for each class, of a model that has not seen it. @returns their folders by class */
  readonly trainWithout: (names: readonly string[]) => Promise<ReadonlyMap<string, string>>
}

/** A mixed day holds every class, however short. */
const HOURS_MAX = 1
const VARIANTS = ['all', 'rest'] as const
type Variant = (typeof VARIANTS)[number]

export async function runZeroDay(context: ZeroDayContext): Promise<ZeroDayResult> {
  const { plan, seeds, workers, say } = context
  const hours = Math.min(HOURS_MAX, context.hours)
  const days = seeds.flatMap((seed) =>
    plan.daysOf('test', seed, { hours, scenarios: ['mixed-day'] })
  )
  // Each day is made by one process; those that replay it find it.
  await runDays(
    days.map((day) => plan.jobOf(day, { sessions: plan.sessionFile(day) })),
    { workers }
  )
  const models = await context.trainWithout(Object.keys(OWN_RULES))
  const jobs = [...models].flatMap(([name, modelDir]) =>
    days.map((day) =>
      plan.jobOf(day, {
        replays: VARIANTS.map((variant) => ({
          policy: 'default' as const,
          out: fileOf(plan, day, { name, modelDir, variant }),
          modelDir,
          ...(variant === 'rest' && { withoutRules: OWN_RULES[name] ?? [] })
        }))
      })
    )
  )
  await runDays(jobs, { workers, onDone: (_, left) => say(`zero-day: ${left} replays to go`) })
  const classes: ZeroDayClass[] = []
  const seconds: Record<Variant, number[]> = { all: [], rest: [] }
  for (const [name, modelDir] of models) {
    const load = (variant: Variant) =>
      Promise.all(days.map((day) => loadDay(day, fileOf(plan, day, { name, modelDir, variant }))))
    const found = { all: await load('all'), rest: await load('rest') }
    for (const variant of VARIANTS) seconds[variant].push(...timesOf(name, found[variant]))
    classes.push(classResult(name, found))
  }
  return { hours, seeds: seeds.length, classes, summary: summaryOf(classes, seconds) }
}

function fileOf(
  plan: Plan,
  day: PlannedDay,
  of: { readonly name: string; readonly modelDir: string; readonly variant: Variant }
): string {
  const { name, modelDir, variant } = of
  return plan.outcomeFile(day, 'default', { modelDir, variant: `without-${name}-${variant}` })
}

async function loadDay(day: PlannedDay, file: string): Promise<Day> {
  return { name: day.name, outcomes: await loadOutcomes(file), campaigns: new Map() }
}

function membersOf(name: string, { outcomes }: Day) {
  return outcomes.abuse.filter(({ classes }) => classes.includes(name))
}

function timesOf(name: string, days: readonly Day[]): readonly number[] {
  return secondsOf(
    days.map((day) => ({ ...day, outcomes: { ...day.outcomes, abuse: membersOf(name, day) } })),
    false
  )
}

function classResult(name: string, found: Readonly<Record<Variant, readonly Day[]>>): ZeroDayClass {
  const recall = (days: readonly Day[]): Figure => {
    const bySeed = days
      .map((day) => membersOf(name, day))
      .filter((members) => members.length > 0)
      .map((members) => members.filter(isFlagged).length / members.length)
    const { mean, low, high } = shareInterval(bySeed) ?? { mean: null, low: null, high: null }
    return {
      mean,
      low: Number.isFinite(low) ? low : null,
      high: Number.isFinite(high) ? high : null
    }
  }
  return {
    class: name,
    sources: found.all.reduce((sum, day) => sum + membersOf(name, day).length, 0),
    recall: recall(found.all),
    recall_without_own_rules: recall(found.rest),
    rules_left_out: OWN_RULES[name] ?? [],
    seconds_p95: quantile(timesOf(name, found.all), 0.95),
    seconds_p95_without_own_rules: quantile(timesOf(name, found.rest), 0.95)
  }
}

function summaryOf(
  classes: readonly ZeroDayClass[],
  seconds: Readonly<Record<Variant, readonly number[]>>
): ZeroDayResult['summary'] {
  const mean = (read: (one: ZeroDayClass) => number | null) =>
    meanInterval(classes.map(read).filter((value) => value !== null))?.mean ?? null
  const p95 = quantile(seconds.all, 0.95)
  return {
    recall_by_class_mean: mean(({ recall }) => recall.mean),
    recall_by_class_mean_without_own_rules: mean((one) => one.recall_without_own_rules.mean),
    seconds_p95: p95,
    seconds_p95_without_own_rules: quantile(seconds.rest, 0.95),
    seconds_target: TARGETS.zeroDaySeconds.value,
    seconds_met: isMet(TARGETS.zeroDaySeconds, p95)
  }
}
