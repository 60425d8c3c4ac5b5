/** A trained stack as the model that is served, and as the package that is kept. */
import { createHash } from 'node:crypto'
import { FEATURE_SET_VERSION, FEATURES } from '../../detection/index.ts'
import type { PackageDraft } from '../../registry/index.ts'
import { type ModelParts, THRESHOLD_DEFAULT } from '../../runtime/index.ts'
import type { TrainedStack } from '../../training/index.ts'
import { type BehaviourTable, FEATURE_SPECS } from '../behaviour-table.ts'
import type { BehaviourReport, PackageFacts } from './behaviour-report.ts'
import { usualRanges } from './usual-ranges.ts'

/** In the order of their labels. */
export const BEHAVIOUR_CLASSES = ['benign', 'abuse'] as const

const GOLDEN_ROWS = 64
const GOLDEN_MIN = 20

/** @param threshold from which score on a row counts as abuse */
export function partsOf(
  { members, logistic, calibration }: TrainedStack,
  threshold = THRESHOLD_DEFAULT
): ModelParts {
  return {
    classes: BEHAVIOUR_CLASSES,
    ...{ members, logistic, threshold },
    calibration: [{ kind: 'isotonic', ...calibration }]
  }
}

export function packageOf(of: {
  readonly table: BehaviourTable
  readonly parts: ModelParts
  readonly report: BehaviourReport
  readonly card: string
  readonly facts: PackageFacts
}): PackageDraft {
  const { table, parts, report, card, facts } = of
  const { thresholds } = report
  return {
    manifest: {
      ...{ name: facts.name, version: facts.version, codeVersion: facts.codeVersion },
      kind: 'forest-stack',
      task: 'behaviour',
      featureSetVersion: FEATURE_SET_VERSION,
      features: featuresOf(table),
      classes: [...BEHAVIOUR_CLASSES],
      thresholds: { decision: thresholds.throttle, ...thresholds },
      data: {
        name: facts.data,
        rows: table.rows,
        sha256: createHash('sha256').update(new Uint8Array(table.values.buffer)).digest('hex'),
        synthetic: table.isSynthetic
      },
      seed: report.seed,
      metrics: JSON.parse(JSON.stringify(report)),
      lineage: {
        parent: facts.parent ?? null,
        created_at: facts.createdAt,
        job: facts.job ?? null
      }
    },
    parts,
    goldenRows: goldenRowsOf(table),
    card
  }
}

/** With what is usual for harmless sources, for whoever reads an explanation. */
function featuresOf(table: BehaviourTable): PackageDraft['manifest']['features'] {
  const usual = usualRanges(table)
  return FEATURE_SPECS.map((spec, index) => {
    if (spec.kind === 'category') return { ...spec, categories: [...spec.categories] }
    const [least, most] = usual[index] ?? []
    if (least === undefined || most === undefined) return { ...spec }
    return { ...spec, usual: [least, most] }
  })
}

/** Spread over the whole table, so that both classes and every site are there. */
function goldenRowsOf(table: BehaviourTable): Float32Array {
  const width = FEATURES.length
  const count = Math.max(GOLDEN_MIN, Math.min(GOLDEN_ROWS, table.rows))
  const rows = new Float32Array(count * width)
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * table.rows) / count)
    rows.set(table.values.subarray(row * width, (row + 1) * width), i * width)
  }
  return rows
}
