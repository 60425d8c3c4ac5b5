/** A model from a CSV file, as `netminder train` makes it, but for one row in five, which the gate asks it about. */
import { basename } from 'node:path'
import { buildPackage, type PackageKind } from '../../registry/index.ts'
import {
  holdOut,
  labelTable,
  readCsv,
  renderModelCard,
  type StackOutcome,
  type TrainOutcome,
  type TrainReport,
  trainModel,
  trainStackModel
} from '../../training/index.ts'
import type { JobModel, TableData } from '../job.ts'
import { createdAtOf, type MadeModel, type WorkPorts } from './made-model.ts'
import { openTable } from './open-table.ts'
import type { WorkSpec } from './work-spec.ts'

const KINDS: Readonly<Record<JobModel, PackageKind>> = {
  stack: 'forest-stack',
  'gradient-boosting': 'boosting',
  'random-forest': 'random-forest',
  'isolation-forest': 'isolation-forest'
}

const READING_SHARE = 0.05
const TRAINING_SHARE = 0.92
/** Whose rows a checkpoint belongs to. */
const HASH_FILE = 'data-hash'

/** @throws {TrainingError} */
export async function trainTable(
  spec: WorkSpec,
  data: TableData,
  ports: WorkPorts
): Promise<MadeModel> {
  const { order } = spec
  const { model } = order
  const { csv, sha256 } = await readTable(spec, data, ports)
  const { table, classNames } = labelTable(csv, {
    label: data.label,
    positive: data.positive,
    isIsolation: model === 'isolation-forest'
  })
  const groups = data.group === undefined ? undefined : csv.words.get(data.group)
  const { seen, held } = holdOut(table, groups, order.seed)
  const request = {
    ...order,
    ...{ table: seen.table, groups: seen.groups, classNames, threads: spec.threads }
  }
  const watched = {
    ...{ signal: ports.signal, parts: ports.parts, onEvent: () => undefined },
    onProgress: (step: string, _share: number, whole: number) =>
      ports.onProgress(step, READING_SHARE + TRAINING_SHARE * whole)
  }
  const outcome =
    model === 'stack'
      ? await trainStackModel(request, watched)
      : await trainModel({ ...request, kind: model }, watched)
  const facts = { name: basename(data.path), rows: seen.table.rows, sha256 }
  return {
    files: packageOf(spec, outcome, { data: facts, classNames, isSynthetic: data.isSynthetic }),
    parts: outcome.parts,
    gap: outcome.report.gap,
    held: {
      held: held.table,
      classOf: (row) => classNames[held.table.labels[row] ?? 0] ?? '',
      keptTogether:
        groups === undefined ? 'rows with the same features' : `rows of one ${data.group}`
    },
    summary: summaryOf(outcome.report)
  }
}

async function readTable(spec: WorkSpec, data: TableData, ports: WorkPorts) {
  const { stream, bytes, sha256 } = await openTable(spec.files['path'] ?? '')
  const { group, label } = data
  const csv = await readCsv(stream, {
    drop: data.drop,
    words: group === undefined || group === label ? [label] : [label, group],
    bytes,
    signal: ports.signal,
    onBytes: (read) =>
      ports.onProgress('reading', bytes === undefined ? 0 : READING_SHARE * (read / bytes))
  })
  const hash = sha256()
  await checkSame(hash, ports)
  return { csv, sha256: hash }
}

/** What was learned from another file is of no use: the training starts anew. */
async function checkSame(hash: string, { files, parts, onNote }: WorkPorts): Promise<void> {
  const kept = files.read(HASH_FILE)
  const known = kept.kind === 'whole' ? new TextDecoder().decode(kept.bytes) : undefined
  if (known === hash) return
  if (known !== undefined || kept.kind === 'damaged') {
    onNote('the table is not the one that the checkpoints are of: the training starts anew')
  }
  await parts.clear?.()
  files.write(HASH_FILE, new TextEncoder().encode(hash))
}

function packageOf(
  spec: WorkSpec,
  { parts, report, ranges, goldenRows }: TrainOutcome | StackOutcome,
  of: {
    readonly data: { readonly name: string; readonly rows: number; readonly sha256: string }
    readonly classNames: readonly string[]
    readonly isSynthetic: boolean
  }
) {
  const { order, codeVersion } = spec
  const createdAt = createdAtOf(spec)
  const { name, version, seed } = order
  const facts = { name, version, seed, data: of.data, classes: of.classNames }
  return buildPackage({
    manifest: {
      ...{ name, version, seed, codeVersion },
      kind: KINDS[report.model],
      task: 'table',
      featureSetVersion: null,
      features: (parts.members[0]?.forest.features ?? []).map((own, index) => {
        const range = ranges[index]
        if (own.kind === 'category') return { ...own, categories: [...own.categories] }
        return range === undefined ? own : { ...own, range: [range.minimum, range.maximum] }
      }),
      classes: [...of.classNames],
      thresholds: of.classNames.length === 2 ? { decision: parts.threshold } : {},
      data: { ...of.data, synthetic: of.isSynthetic },
      metrics: JSON.parse(JSON.stringify(report)),
      lineage: { parent: null, created_at: createdAt, job: spec.id }
    },
    parts,
    goldenRows,
    card: renderModelCard({ ...facts, codeVersion, createdAt }, report)
  })
}

const FEATURES_KEPT = 20

function summaryOf(report: Omit<TrainReport, 'model'>): MadeModel['summary'] {
  const { rows, method, params, validation, training, gap, calibration, threshold } = report
  return {
    ...{ rows, method, params, validation, training, gap, calibration, threshold },
    warnings: report.checks
      .filter(({ outcome }) => outcome === 'warning')
      .map(({ check, sentence }) => `${check}: ${sentence}`),
    features: report.features.slice(0, FEATURES_KEPT)
  }
}
