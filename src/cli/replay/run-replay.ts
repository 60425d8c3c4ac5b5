/** One replay of recorded logs by one policy: what the command prints and what tables of policies are made of. */
import type { Readable } from 'node:stream'
import type { Clock } from '../../base/index.ts'
import { configSchema } from '../../config/index.ts'
import { type Decision, ReplayRun } from '../../defense/index.ts'
import {
  type BehaviourModel,
  createPolicy,
  isFrozenPolicy,
  type PolicyName,
  type PolicyOptions
} from '../../detection/index.ts'
import { type ReplayOptions, type ReplayReport, replayLogs } from '../../keyserver/index.ts'
import { loadPackage } from '../../registry/index.ts'
import { ReplayState } from './replay-state.ts'
import { behaviourModelOf, findShippedModel, type ShippedModel } from './shipped-model.ts'

export interface ReplayRequest {
  readonly logs: ReplayOptions
  readonly policy: PolicyName
  readonly treatAsPublic: readonly string[]
  readonly allow: readonly string[]
  readonly seed: number
  /** Where what was learned is read from and kept; nowhere by default. */
  readonly stateDir?: string | undefined
  /** Folder of a model package that judges beside the rules of `default`, in the place of the shipped one. */
  readonly modelDir?: string | undefined
}

export interface ReplayPorts {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly stdin?: Readable | undefined
  /** Decisions as they happen. */
  readonly onDecision?: ((decision: Decision) => void) | undefined
  /** Called now and then: reading goes on when it resolves. */
  readonly drain?: (() => Promise<void>) | undefined
}

export interface ReplayOutcome {
  readonly run: ReplayRun
  readonly report: ReplayReport
  readonly seconds: number
  /** Who judged beside the rules, as `name@version`; undefined: nobody. */
  readonly model: string | undefined
  /** Why a shipped model did not. */
  readonly modelProblems: readonly string[]
}

/** Judges as a fresh install would. @throws {KeyserverError | CliError} */
export async function runReplay(
  request: ReplayRequest,
  ports: ReplayPorts
): Promise<ReplayOutcome> {
  const { policy: name, stateDir } = request
  const { clock, signal, onDecision } = ports
  const { model, problems } = await findModel(request)
  const run = createReplayRun(request, { model })
  const state = stateDir === undefined ? undefined : await ReplayState.open(stateDir, name, clock)
  await state?.loadInto(run)
  const startMs = clock.monotonicMs()
  const report = await replayLogs(request.logs, {
    sink: (event) => {
      for (const decision of run.observe(event)) onDecision?.(decision)
    },
    clock,
    signal,
    stdin: ports.stdin,
    drain: ports.drain
  })
  const seconds = (clock.monotonicMs() - startMs) / 1_000
  await state?.save(run)
  return { run, report, seconds, model: model?.name, modelProblems: problems }
}

/** As a fresh install would: what comes with the program judges, unless another is named. */
async function findModel({ policy, modelDir }: ReplayRequest): Promise<ShippedModel> {
  if (modelDir !== undefined) return { model: await loadBehaviourModel(modelDir), problems: [] }
  return policy === 'default' ? await findShippedModel() : { model: undefined, problems: [] }
}

/** Judges and decides with the settings of a fresh install. */
export function createReplayRun(
  request: Pick<ReplayRequest, 'policy' | 'treatAsPublic' | 'allow' | 'seed'>,
  judging: Pick<PolicyOptions, 'model' | 'withoutRules' | 'onJudged'> = {}
): ReplayRun {
  const { policy: name, seed, treatAsPublic, allow } = request
  const { detection, defense } = configSchema.parse({})
  return new ReplayRun({
    policy: createPolicy(name, { ...judging, sourcesMax: detection.maxSources, seed }),
    isFrozen: isFrozenPolicy(name),
    treatAsPublic,
    allow,
    throttleTtlMs: defense.throttleTtlMs,
    banLadderMs: defense.banLadderMs,
    ladderMemoryMs: defense.ladderMemoryMs,
    maxActive: defense.maxActive
  })
}

/** @throws {ModelError} @throws {MODEL_MISMATCH} */
export async function loadBehaviourModel(dir: string): Promise<BehaviourModel> {
  return behaviourModelOf(await loadPackage(dir))
}
