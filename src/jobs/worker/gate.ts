/**
 * Whether a model that was just made may take the champion's place: both are asked about the same rows, which the new one has never
 * seen. What is said stands in its manifest; the registry promotes none that failed, unless somebody says why. Pure.
 */
import { type ModelParts, ModelScorer } from '../../runtime/index.ts'
import { figuresOf, type LabelledTable, rowMajor, type TrainReport } from '../../training/index.ts'

export interface GateSide {
  readonly model: string
  readonly accuracy: number
  readonly auc: number | null
  readonly log_loss: number
  readonly ece: number
  /** Two classes: rows of the second that its own threshold finds, and of the first that it takes for such. */
  readonly recall: number | null
  readonly false_positive_rate: number | null
  /** Share of each class that is labelled rightly: of its sources, where rows have one. */
  readonly by_class: Readonly<Record<string, { readonly count: number; readonly right: number }>>
}

export interface GateCheck {
  readonly check: 'rows' | 'quality' | 'calibration' | 'gap' | 'classes'
  readonly passed: boolean
  readonly sentence: string
}

export interface Gate {
  readonly passed: boolean
  readonly rows: number
  readonly kept_together: string
  readonly checks: readonly GateCheck[]
  readonly candidate: GateSide
  /** Null: there is none, or it reads other features. */
  readonly champion: GateSide | null
}

export interface GateInputs {
  readonly held: LabelledTable
  /** Class of each held-out row, as finely as it is known. */
  readonly classOf: (row: number) => string
  /** Rows of one source, by number: it counts once, by its highest score, as a node acts on it. Absent: each row by itself. */
  readonly sourceOf?: ((row: number) => number) | undefined
  readonly keptTogether: string
  readonly candidate: { readonly id: string; readonly parts: ModelParts }
  readonly champion: { readonly id: string; readonly parts: ModelParts } | undefined
  readonly gap: TrainReport['gap']
}

/** Fewer rows of a class say nothing of it. */
const CLASS_ROWS_MIN = 20
/** Chance alone moves figures by so much. */
const AUC_SLACK = 0.005
const RECALL_SLACK = 0.02
const FALSE_POSITIVE_SLACK = 0.001
const CLASS_SLACK = 0.1
/** What a model must reach where there is nobody to compare it with. */
const AUC_MIN = 0.75
const ECE_MAX = 0.01
const ECE_NOISE = 1.5
const GAP_MAX = 0.1

export function judgeAtGate(inputs: GateInputs): Gate {
  const { held, champion } = inputs
  const candidate = sideOf(inputs.candidate, inputs)
  const other = champion === undefined ? undefined : championSide(champion, inputs)
  const checks = [
    checkRows(inputs),
    other === undefined ? checkAlone(candidate) : checkBeside(candidate, other, held),
    checkCalibration(candidate, held.rows),
    checkGap(inputs.gap),
    ...(other === undefined ? [] : [checkClasses(candidate, other)])
  ]
  return {
    passed: checks.every(({ passed }) => passed),
    rows: held.rows,
    kept_together: inputs.keptTogether,
    checks,
    candidate,
    champion: other ?? null
  }
}

/** Columns by name: the champion may know them in another order. Undefined if one is missing. */
function championSide(
  champion: { readonly id: string; readonly parts: ModelParts },
  inputs: GateInputs
): GateSide | undefined {
  const { held } = inputs
  const features = champion.parts.members[0]?.forest.features ?? []
  const places = features.map((feature) =>
    held.features.findIndex((own) => JSON.stringify(own) === JSON.stringify(feature))
  )
  const own = inputs.candidate.parts.classes
  const isSame = champion.parts.classes.every((name, index) => name === own[index])
  if (places.includes(-1) || !isSame) return undefined
  const columns = places.flatMap((place) => held.columns[place] ?? [])
  return sideOf(champion, { ...inputs, held: { ...held, features, columns } })
}

function sideOf(
  { id, parts }: { readonly id: string; readonly parts: ModelParts },
  inputs: GateInputs
): GateSide {
  const { held, classOf } = inputs
  const { rows, classes, labels } = held
  const scores = scoreRows(parts, held)
  const { threshold } = parts
  const { auc, log_loss, ece } = figuresOf(scores, labels, { classes, threshold })
  const width = scores.length / rows
  const asked = width === 1 ? highestOf(scores, inputs) : Int32Array.from(labels, (_, row) => row)
  const counts = new Map<string, { count: number; right: number }>()
  const seen = new Float64Array(classes)
  const positive = new Float64Array(classes)
  let right = 0
  for (const row of asked) {
    const label = labels[row] ?? 0
    const said = labelOf(scores, row, width, threshold)
    const own = counts.get(classOf(row)) ?? { count: 0, right: 0 }
    own.count++
    seen[label] = (seen[label] ?? 0) + 1
    if (said === 1) positive[label] = (positive[label] ?? 0) + 1
    if (said === label) {
      own.right++
      right++
    }
    counts.set(classOf(row), own)
  }
  const share = (label: number) =>
    classes !== 2 || seen[label] === 0 ? null : (positive[label] ?? 0) / (seen[label] ?? 1)
  return {
    ...{ model: id, accuracy: right / asked.length, auc, log_loss, ece },
    recall: share(1),
    false_positive_rate: share(0),
    by_class: Object.fromEntries(
      [...counts]
        .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
        .map(([name, own]) => [name, { count: own.count, right: own.right / own.count }])
    )
  }
}

/** Of each source the row with the highest score. */
function highestOf(scores: Float64Array, { held, sourceOf }: GateInputs): Int32Array {
  const best = new Map<number, number>()
  for (let row = 0; row < held.rows; row++) {
    const source = sourceOf?.(row) ?? row
    const other = best.get(source)
    if (other === undefined || (scores[row] ?? 0) > (scores[other] ?? 0)) best.set(source, row)
  }
  return Int32Array.from(best.values())
}

function scoreRows(parts: ModelParts, table: LabelledTable): Float64Array {
  const scorer = new ModelScorer(parts)
  const rows = rowMajor(table)
  const width = table.features.length
  const scores = new Float64Array(table.rows * scorer.width)
  for (let row = 0; row < table.rows; row++) {
    const own = scores.subarray(row * scorer.width, (row + 1) * scorer.width)
    scorer.score(rows, row * width, own)
  }
  return scores
}

function labelOf(scores: Float64Array, row: number, width: number, threshold: number): number {
  if (width === 1) return Number((scores[row] ?? 0) >= threshold)
  let top = 0
  for (let k = 1; k < width; k++) {
    if ((scores[row * width + k] ?? 0) > (scores[row * width + top] ?? 0)) top = k
  }
  return top
}

function checkRows({ held }: GateInputs): GateCheck {
  const counts = new Float64Array(held.classes)
  for (const label of held.labels) counts[label] = (counts[label] ?? 0) + 1
  const least = Math.min(...counts)
  return {
    check: 'rows',
    passed: least >= CLASS_ROWS_MIN,
    sentence: `${held.rows} rows were held out, ${least} of the rarest class (at least ${CLASS_ROWS_MIN} are needed to say anything)`
  }
}

function checkAlone({ auc }: GateSide): GateCheck {
  return {
    check: 'quality',
    passed: auc !== null && auc >= AUC_MIN,
    sentence: `no champion to compare it with; AUC ${shown(auc)} (at least ${AUC_MIN})`
  }
}

/** No worse at telling the classes apart, nor at its own threshold: neither by what it finds nor by whom it takes for it. */
function checkBeside(own: GateSide, other: GateSide, held: LabelledTable): GateCheck {
  const isNoLess = (mine: number | null, its: number | null, slack: number) =>
    its === null || (mine !== null && mine >= its - slack)
  const negatives = held.labels.reduce((sum, label) => sum + (label === 0 ? 1 : 0), 0)
  // One row more is no finding.
  const slack = Math.max(FALSE_POSITIVE_SLACK, 1 / Math.max(1, negatives))
  const passed =
    isNoLess(own.auc, other.auc, AUC_SLACK) &&
    isNoLess(own.recall, other.recall, RECALL_SLACK) &&
    (own.false_positive_rate ?? 0) <= (other.false_positive_rate ?? 0) + slack &&
    (own.recall !== null || own.accuracy >= other.accuracy - RECALL_SLACK)
  const figures = (side: GateSide) =>
    side.recall === null
      ? `accuracy ${shown(side.accuracy)}, AUC ${shown(side.auc)}`
      : `AUC ${shown(side.auc)}, recall ${shown(side.recall)}, false positives ${shown(side.false_positive_rate)}`
  return {
    check: 'quality',
    passed,
    sentence: `${figures(own)}; ${other.model} on the same rows: ${figures(other)}`
  }
}

/** Fifteen bins of few rows are off by chance alone: by about so much, through the root of the rows. */
function checkCalibration({ ece }: GateSide, rows: number): GateCheck {
  const most = Math.max(ECE_MAX, ECE_NOISE / Math.sqrt(rows))
  return {
    check: 'calibration',
    passed: ece <= most,
    sentence: `calibration error ${shown(ece)} (at most ${shown(most)} with so many rows)`
  }
}

function checkGap({ auc, accuracy }: TrainReport['gap']): GateCheck {
  const gap = auc ?? accuracy ?? 0
  return {
    check: 'gap',
    passed: gap <= GAP_MAX,
    sentence: `${auc === null ? 'accuracy' : 'AUC'} is ${shown(gap)} better on rows that it was fitted to than on others (at most ${GAP_MAX})`
  }
}

function checkClasses(own: GateSide, other: GateSide): GateCheck {
  const worse = Object.entries(other.by_class).filter(
    ([name, { count, right }]) =>
      count >= CLASS_ROWS_MIN && (own.by_class[name]?.right ?? 0) < right - CLASS_SLACK
  )
  const list = worse
    .slice(0, 8)
    .map(
      ([name, { right }]) =>
        `${name} ${shown(own.by_class[name]?.right ?? 0)} after ${shown(right)}`
    )
  return {
    check: 'classes',
    passed: worse.length === 0,
    sentence:
      worse.length === 0
        ? `no class of at least ${CLASS_ROWS_MIN} is judged worse than by ${other.model}`
        : `judged worse than by ${other.model}: ${list.join(', ')}`
  }
}

function shown(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(3)))
}
