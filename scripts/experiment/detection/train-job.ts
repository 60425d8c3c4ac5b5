/**
 * One model of the experiment in a process of its own: rows of days put together, a class or a campaign left out, a package written.
 *
 *   node scripts/experiment/detection/train-job.ts JSON
 */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { programVersion } from '../../../src/config/index.ts'
import {
  BEHAVIOUR_PARAMS,
  type BehaviourTable,
  groupNames,
  joinTables,
  loadTable,
  selectMoments,
  sourceNames,
  trainBehaviour,
  wordAt
} from '../../../src/datasets/index.ts'
import { writePackage } from '../../../src/registry/index.ts'

export interface TrainJob {
  /** Folder of the package. */
  readonly out: string
  readonly name: string
  /** Folders of rows. */
  readonly train: readonly string[]
  /** Folders of rows that set the thresholds. */
  readonly validation: readonly string[]
  readonly seed: number
  /** Fewer trees: many models are to be trained. */
  readonly isSmall: boolean
  readonly withoutClass?: string
  /** Groups (campaign and site) and sources (site and address) that it may not see. */
  readonly withoutGroups?: readonly string[]
}

const SMALL = {
  boosting: { ...BEHAVIOUR_PARAMS.boosting, trees: 70, learningRate: 0.15 },
  forest: { trees: 16, maxDepth: 12, minLeaf: 6 },
  isolation: { trees: 32 }
}
const SMALL_FOLDS = 2

export function isTrained({ out }: TrainJob): boolean {
  return existsSync(join(out, 'manifest.json'))
}

async function train(job: TrainJob): Promise<void> {
  const table = without(joinTables(await Promise.all(job.train.map(loadTable))), job)
  const validation = joinTables(await Promise.all(job.validation.map(loadTable)))
  const { files } = await trainBehaviour(table, {
    package: {
      name: job.name,
      version: '1',
      data: `generated keyserver days, ${job.train.length} of region train`,
      codeVersion: programVersion(),
      createdAt: '1970-01-01T00:00:00.000Z'
    },
    ...{ seed: job.seed, validation, threads: 1 },
    ...(job.isSmall && { params: SMALL, folds: SMALL_FOLDS })
  })
  await rm(`${job.out}.part`, { recursive: true, force: true })
  await writePackage(`${job.out}.part`, files)
  await rename(`${job.out}.part`, job.out)
}

function without(table: BehaviourTable, job: TrainJob): BehaviourTable {
  const { withoutClass, withoutGroups = [] } = job
  const isHidden = new Set(withoutGroups)
  const groups = groupNames(table)
  const sources = sourceNames(table)
  const kept: number[] = []
  for (let row = 0; row < table.rows; row++) {
    if (wordAt(table.classes, row) === withoutClass) continue
    if (isHidden.has(groups[row] ?? '') || isHidden.has(sources[row] ?? '')) continue
    kept.push(row)
  }
  return kept.length === table.rows ? table : selectMoments(table, Int32Array.from(kept))
}

if (import.meta.main) await train(JSON.parse(process.argv[2] ?? '{}'))
