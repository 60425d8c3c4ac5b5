/** Recorded or generated logs with their truth → one row of features for each sampled moment of each source. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  FEATURES,
  type FeatureContext,
  RulePolicy,
  readFeatures
} from '../../src/detection/index.ts'
import { type ReplayOptions, replayLogs } from '../../src/keyserver/index.ts'

export interface Truth {
  readonly source: string
  readonly class: string
  readonly label: 'abuse' | 'benign' | 'mixed'
  readonly campaign: string
  readonly fromMs: number
}

export interface FeatureRow {
  readonly source: string
  readonly atMs: number
  readonly requests: number
  readonly values: Float32Array
}

/** The first eight judgements of a source, then ever fewer: 10, 12, 15, 18, …, each a fifth later than the one before. */
export class Sampler {
  readonly #next = new Map<string, number>()

  isDue(source: string, requests: number): boolean {
    const next = this.#next.get(source) ?? 0
    if (requests < next) return false
    this.#next.set(source, requests < 8 ? requests + 1 : Math.ceil(requests * 1.2))
    return true
  }
}

/** Decisions are not taken while rows are made: what a source goes on to do is seen whole. */
export async function extractRows(
  logs: ReplayOptions,
  onRow: (row: FeatureRow) => void
): Promise<void> {
  const sampler = new Sampler()
  const buffer = new Float64Array(FEATURES.length)
  const take = (context: FeatureContext) => {
    const { session, atMs } = context
    if (!sampler.isDue(session.source, session.requests)) return
    readFeatures(context, buffer)
    onRow({
      source: session.source,
      atMs,
      requests: session.requests,
      values: Float32Array.from(buffer)
    })
  }
  const policy = new RulePolicy({ onJudged: take })
  const nothing = { findStanding: () => undefined, isProtected: () => false }
  await replayLogs(logs, { sink: (event) => void policy.observe(event, nothing) })
}

export async function readTruth(file: string): Promise<readonly Truth[]> {
  const truth: Truth[] = []
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() === '') continue
    const row = JSON.parse(line)
    truth.push({
      source: row.source,
      class: row.class,
      label: row.label,
      campaign: row.campaign ?? '',
      fromMs: Date.parse(row.from)
    })
  }
  return truth
}
