/**
 * One day of the experiment in a process of its own, so that two run side by side and the memory of each is given back: generates
 * the day if it is not there, replays it under every policy that is asked for, keeps what came of it. What is there is not made again.
 *
 *   node scripts/experiment/detection/day-job.ts JSON
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { buildRows, readLabels, saveTable } from '../../../src/datasets/index.ts'
import type { PolicyName } from '../../../src/detection/index.ts'
import { generateDay } from '../../traffic/generate-day.ts'
import type { Region, ScenarioName } from '../../traffic/regions.ts'
import { readSourceLabels } from './labels.ts'
import { saveJson } from './outcomes.ts'
import { logsOf, replayDay } from './replay-day.ts'
import { readSessions, saveSessions } from './session-rows.ts'

export interface DayJob {
  readonly dir: string
  readonly seed: number
  /** Undefined for a recording that is there. */
  readonly generate?: {
    readonly region: Region
    readonly scenario: ScenarioName
    readonly hours: number
  }
  readonly replays: readonly ReplayJob[]
  /** File of the whole sessions, without its ending. */
  readonly sessions?: string
  /** Folder of the rows that training learns from. */
  readonly rows?: string
  /** Logs are thrown away at the end. */
  readonly isBrief?: boolean
}

export interface ReplayJob {
  readonly policy: PolicyName
  readonly out: string
  readonly modelDir?: string | undefined
  readonly withoutRules?: readonly string[] | undefined
  readonly treatAsPublic?: readonly string[] | undefined
}

/** What of it is still to be done; undefined if nothing is. */
export function missingOf(job: DayJob): DayJob | undefined {
  const { sessions, rows, ...rest } = job
  const replays = job.replays.filter(({ out }) => !existsSync(out))
  const missing = {
    ...(sessions !== undefined && !existsSync(`${sessions}.json`) && { sessions }),
    ...(rows !== undefined && !existsSync(join(rows, 'table.json')) && { rows })
  }
  if (replays.length === 0 && Object.keys(missing).length === 0) return undefined
  return { ...rest, ...missing, replays }
}

const LOGS = ['haproxy.log', 'hockeypuck.log']

async function runDay(job: DayJob): Promise<void> {
  const { dir, seed } = job
  if (LOGS.some((name) => !existsSync(join(dir, name)))) await makeDay(job)
  const labels = await readSourceLabels(join(dir, 'truth.jsonl'))
  if (job.sessions !== undefined) await saveSessions(job.sessions, await readSessions(dir, labels))
  if (job.rows !== undefined) await saveRows(dir, job.rows, job.generate !== undefined)
  for (const { out, ...replay } of job.replays) {
    await saveJson(out, await replayDay({ ...replay, dir, labels, seed }))
  }
  if (job.isBrief === true) for (const name of LOGS) await rm(join(dir, name))
}

/** Logs come last: a folder that has them is whole. */
async function makeDay({ dir, seed, generate }: DayJob): Promise<void> {
  if (generate === undefined) throw new Error(`expected logs in ${dir}, got none`)
  const part = `${dir}.part`
  await rm(part, { recursive: true, force: true })
  await generateDay({ ...generate, seed, out: part })
  await mkdir(dir, { recursive: true })
  for (const name of ['truth.jsonl', 'campaigns.jsonl', ...LOGS]) {
    await rename(join(part, name), join(dir, name))
  }
  await rm(part, { recursive: true })
}

async function saveRows(dir: string, out: string, isSynthetic: boolean): Promise<void> {
  const labels = await readLabels(join(dir, 'truth.jsonl'), { isTruth: true })
  const site = basename(dir)
  await saveTable(out, await buildRows(logsOf(dir), labels, { site, isSynthetic }))
}

if (import.meta.main) await runDay(JSON.parse(process.argv[2] ?? '{}'))
