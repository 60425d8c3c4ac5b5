/**
 * A recording of real programs: each of its campaigns is left out of training in turn, with a share of its harmless sources, and the
 * whole policy is asked about both. Trained on generated days and on the other campaigns.
 */
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { buildRows, readLabels, saveTable } from '../../../src/datasets/index.ts'
import { inOrder } from './figures.ts'
import { readSourceLabels, type SourceLabels } from './labels.ts'
import { type DayOutcomes, isFlagged, loadOutcomes } from './outcomes.ts'
import type { Plan } from './plan.ts'
import { logsOf } from './replay-day.ts'
import { runDays, runTrainings } from './run-jobs.ts'
import { quantile, upperBound } from './statistics.ts'
import type { TrainJob } from './train-job.ts'

export interface CampaignResult {
  readonly campaign: string
  readonly class: string
  readonly is_swarm: boolean
  readonly sources: number
  readonly detected: number
  readonly requests: number
  readonly prevented: number
  readonly seconds_p50: number | null
}

export interface RecordingResult {
  readonly campaigns: readonly CampaignResult[]
  readonly summary: Readonly<Record<string, number | null>>
}

export interface RecordingContext {
  readonly dir: string
  readonly plan: Plan
  readonly workers: number
  /** Folders of rows of generated days. */
  readonly train: readonly string[]
  readonly validation: readonly string[]
  readonly say: (text: string) => void
}

/** From so many addresses on a campaign is called a swarm. */
const SWARM_SOURCES = 20
/** Recordings are made on loopback. */
const PUBLIC = ['127.0.0.0/8', '::1/128', '198.18.0.0/15']
const SITE = 'recording'

interface LeftOut {
  readonly campaign: string
  readonly model: TrainJob
  readonly outcomes: string
  readonly benign: ReadonlySet<string>
}

export async function runRecording(context: RecordingContext): Promise<RecordingResult> {
  const { plan, workers, say } = context
  const dir = resolve(context.dir)
  const labels = await readSourceLabels(join(dir, 'truth.jsonl'))
  const rows = join(plan.modelDir(nameOf(dir)), 'rows')
  if (!existsSync(join(rows, 'table.json'))) {
    const known = await readLabels(join(dir, 'truth.jsonl'), { isTruth: true })
    await saveTable(rows, await buildRows(logsOf(dir), known, { site: SITE }))
  }
  const leftOut = leaveOut(labels, { ...context, dir, rows })
  const models = leftOut.map(({ model }) => model)
  await runTrainings(models, {
    workers,
    onDone: (_, left) => say(`recording: ${left} models to train`)
  })
  const jobs = leftOut.map(({ model, outcomes }) => ({
    ...{ dir, seed: 1 },
    replays: [
      { policy: 'default' as const, out: outcomes, modelDir: model.out, treatAsPublic: PUBLIC }
    ]
  }))
  const rules = plan.outcomeFile({ dir: plan.modelDir(nameOf(dir)) }, 'rules')
  const beside = {
    ...{ dir, seed: 1 },
    replays: [{ policy: 'rules' as const, out: rules, treatAsPublic: PUBLIC }]
  }
  await runDays([...jobs, beside], {
    workers,
    onDone: (_, left) => say(`recording: ${left} replays to go`)
  })
  const campaigns: CampaignResult[] = []
  let benign = 0
  let flagged = 0
  let banned = 0
  for (const one of leftOut) {
    const outcomes = await loadOutcomes(one.outcomes)
    campaigns.push(campaignResult(one.campaign, outcomes))
    benign += one.benign.size
    const touched = outcomes.touched.filter(({ source }) => one.benign.has(source))
    flagged += touched.filter(isFlagged).length
    banned += touched.filter(({ level }) => level === 'ban').length
  }
  const alone = await loadOutcomes(rules)
  return {
    campaigns,
    summary: {
      ...summaryOf(campaigns, { benign, flagged, banned }),
      rules_recall: alone.abuse.filter(isFlagged).length / Math.max(1, alone.abuse.length),
      rules_false_positives: alone.touched.filter(isFlagged).length
    }
  }
}

function nameOf(dir: string): string {
  return `recording-${basename(dir)}`
}

function leaveOut(
  labels: SourceLabels,
  of: RecordingContext & { readonly rows: string }
): readonly LeftOut[] {
  const { plan, rows } = of
  const name = nameOf(of.dir)
  const campaigns = [
    ...new Set(
      [...labels.values()].flatMap(({ label, campaign }) => (label === 'abuse' ? [campaign] : []))
    )
  ].sort(inOrder)
  const harmless = [...labels]
    .filter(([, { label }]) => label === 'benign')
    .map(([source]) => source)
  return campaigns.map((campaign, index) => {
    const benign = new Set(harmless.filter((_, at) => at % campaigns.length === index))
    const out = join(plan.modelDir(name), campaign)
    return {
      ...{ campaign, benign },
      outcomes: `${out}-outcomes.json`,
      model: {
        ...{ out, name: 'recording', seed: 1, isSmall: true },
        train: [...of.train, rows],
        validation: of.validation,
        withoutGroups: [`${SITE} #${campaign}`, ...[...benign].map((source) => `${SITE} ${source}`)]
      }
    }
  })
}

function campaignResult(campaign: string, outcomes: DayOutcomes): CampaignResult {
  const own = outcomes.abuse.filter((one) => one.campaign === campaign)
  const found = own.filter(isFlagged)
  const sum = (read: (one: (typeof own)[number]) => number) =>
    own.reduce((total, one) => total + read(one), 0)
  return {
    campaign,
    class: own[0]?.classes[0] ?? '',
    is_swarm: own.length >= SWARM_SOURCES,
    sources: own.length,
    detected: found.length,
    requests: sum(({ requests }) => requests),
    prevented: sum(({ prevented }) => prevented),
    seconds_p50: quantile(
      found.map(({ secondsToDecision }) => secondsToDecision ?? 0),
      0.5
    )
  }
}

function summaryOf(
  campaigns: readonly CampaignResult[],
  counts: { readonly benign: number; readonly flagged: number; readonly banned: number }
): RecordingResult['summary'] {
  const seen = campaigns.filter(({ sources }) => sources > 0)
  const sum = (key: 'sources' | 'detected' | 'requests' | 'prevented') =>
    seen.reduce((total, one) => total + one[key], 0)
  const classes = [...new Set(seen.map((one) => one.class))]
  const recalls = classes.map((name) => {
    const own = seen.filter((one) => one.class === name)
    return (
      own.reduce((total, { detected }) => total + detected, 0) /
      own.reduce((total, { sources }) => total + sources, 0)
    )
  })
  const swarms = seen.filter(({ is_swarm: isSwarm }) => isSwarm)
  const mean = (values: readonly number[]) =>
    values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length
  return {
    recall: sum('detected') / Math.max(1, sum('sources')),
    recall_by_class_mean: mean(recalls),
    recall_of_swarms: mean(swarms.map(({ detected, sources }) => detected / sources)),
    abuse_requests_prevented: sum('prevented') / Math.max(1, sum('requests')),
    benign_sources: counts.benign,
    false_positives: counts.flagged,
    false_positive_rate: counts.flagged / Math.max(1, counts.benign),
    benign_banned: counts.banned,
    benign_banned_upper_bound: upperBound(counts.banned, counts.benign)
  }
}
