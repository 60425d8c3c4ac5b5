/** One recorded day through the code of `netminder replay`, decisions standing, and what came of every source. */
import { join } from 'node:path'
import { type AddressText, SystemClock } from '../../../src/base/index.ts'
import { createReplayRun, loadBehaviourModel } from '../../../src/cli/index.ts'
import type { BehaviourModel, PolicyName } from '../../../src/detection/index.ts'
import { replayLogs } from '../../../src/keyserver/index.ts'
import type { SourceLabels } from './labels.ts'
import { type DayOutcomes, outcomesOf } from './outcomes.ts'

export interface DayReplay {
  /** Folder of `haproxy.log` and `hockeypuck.log`. */
  readonly dir: string
  readonly labels: SourceLabels
  readonly policy: PolicyName
  readonly seed: number
  /** Folder of a model package; only `default` asks it. */
  readonly modelDir?: string | undefined
  /** Rules that say nothing. @default none */
  readonly withoutRules?: readonly string[] | undefined
  readonly treatAsPublic?: readonly string[] | undefined
}

export async function replayDay(day: DayReplay): Promise<DayOutcomes> {
  const { dir, policy, modelDir, labels } = day
  const scores = new Map<AddressText, number[]>()
  const model =
    modelDir === undefined || policy !== 'default' ? undefined : await loadBehaviourModel(modelDir)
  let judged: AddressText = ''
  const run = createReplayRun(
    { policy, seed: day.seed, treatAsPublic: day.treatAsPublic ?? [], allow: [] },
    {
      withoutRules: new Set(day.withoutRules),
      ...(model && {
        model: listening(model, (score) => {
          const known = scores.get(judged)
          if (known === undefined) scores.set(judged, [score])
          else known.push(score)
        }),
        onJudged: ({ session }) => {
          judged = session.source
        }
      })
    }
  )
  await replayLogs(logsOf(dir), {
    sink: (event) => void run.observe(event),
    clock: new SystemClock()
  })
  return outcomesOf(policy, { labels, records: run.sources(), scores })
}

export function logsOf(dir: string) {
  return { haproxy: join(dir, 'haproxy.log'), hockeypuck: join(dir, 'hockeypuck.log') }
}

/** The model itself, and every probability that it gives told. */
function listening(model: BehaviourModel, onScore: (score: number) => void): BehaviourModel {
  return {
    ...model,
    score: (features) => {
      const score = model.score(features)
      onScore(score)
      return score
    }
  }
}
