/** How many requests an hour go all the way: file, lines, events in order, sessions, rules, features, the shipped model, verdicts and decisions. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../src/base/index.ts'
import { findShippedModel } from '../../../src/cli/index.ts'
import { configSchema } from '../../../src/config/index.ts'
import {
  createGuardState,
  type GuardSettings,
  NeverBlock,
  step
} from '../../../src/defense/index.ts'
import { type BehaviourModel, createPolicy } from '../../../src/detection/index.ts'
import { replayLogs } from '../../../src/keyserver/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { decodeHaproxyLog, writeHaproxyLog } from '../log/haproxy-log.ts'
import { medianOf } from '../median.ts'

const REQUESTS = 100_000
const CLIENTS = 5_000
const RUNS = 5
const WARM_UPS = 1
const GOAL = 100_000_000
const HOUR_MS = 3_600_000

export const figure: BenchFigure = {
  name: 'log-to-verdict',
  goal: `≥ ${GOAL} requests/h`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const { model, problems } = await findShippedModel()
    if (model === undefined) {
      throw new Error(`expected a shipped model, got none: ${problems.join('; ')}`)
    }
    const directory = await mkdtemp(join(tmpdir(), 'netminder-log-to-verdict-'))
    try {
      const path = join(directory, 'haproxy.log')
      const shape = { requests: REQUESTS, clients: CLIENTS }
      await writeHaproxyLog(path, shape, seededRandom(context.seed))
      const ours: number[] = []
      const theirs: number[] = []
      let decisions = 0
      for (let run = -WARM_UPS; run < RUNS; run++) {
        const judged = await requestsPerHour(async () => {
          const result = await judge(path, model)
          decisions = result.decisions
          return result.requests
        })
        const decoded = await requestsPerHour(async () => (await decodeHaproxyLog(path)).events)
        if (run < 0) continue
        ours.push(judged)
        theirs.push(decoded)
        context.progress(
          `log-to-verdict run ${run + 1} of ${RUNS}: ${Math.round(judged)} requests/h`
        )
      }
      const value = medianOf(ours)
      const reference = medianOf(theirs)
      return [
        {
          figure: 'log-to-verdict',
          value: Math.round(value),
          unit: 'requests/h',
          reference: 'log-lines: the same file to events and no further',
          reference_value: Math.round(reference),
          ratio: Math.round((value / reference) * 1_000) / 1_000,
          goal: figure.goal,
          met: value >= GOAL,
          samples: RUNS,
          note: `one thread, ${REQUESTS} requests of ${CLIENTS} clients, rules and ${model.name}, ${decisions} decisions`
        }
      ]
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

async function requestsPerHour(work: () => Promise<number>): Promise<number> {
  const startMs = performance.now()
  const requests = await work()
  if (requests !== REQUESTS) throw new Error(`expected ${REQUESTS} requests, got ${requests}`)
  return (requests / (performance.now() - startMs)) * HOUR_MS
}

/** The path of `netminder replay`, which is that of the live node but for store and actuators. */
async function judge(
  path: string,
  model: BehaviourModel
): Promise<{ requests: number; decisions: number }> {
  const state = createGuardState()
  const settings = guardSettings(model)
  let requests = 0
  let decisions = 0
  await replayLogs(
    { haproxy: path, timeZone: 'UTC' },
    {
      sink: (event) => {
        if (event.kind === 'request') requests++
        for (const effect of step(state, event, settings))
          if (effect.kind === 'decided') decisions++
      }
    }
  )
  return { requests, decisions }
}

function guardSettings(model: BehaviourModel): GuardSettings {
  const { defense, detection } = configSchema.parse({})
  let ids = 0
  return {
    policy: createPolicy('default', { sourcesMax: detection.maxSources, model }),
    mode: { overall: 'enforce', byCategory: {}, previous: undefined },
    neverBlock: new NeverBlock({ treatAsPublic: [], allowlist: [], protectedEntries: [] }),
    throttleTtlMs: defense.throttleTtlMs,
    banLadderMs: defense.banLadderMs,
    ladderMemoryMs: defense.ladderMemoryMs,
    maxActive: defense.maxActive,
    createId: () => String(ids++)
  }
}
