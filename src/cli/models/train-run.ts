/** One training by the command line: a table in, lines and a package out. */
import { basename } from 'node:path'
import { programVersion } from '../../config/index.ts'
import {
  buildPackage,
  checkPackagePlace,
  type PackageKind,
  writePackage
} from '../../registry/index.ts'
import {
  type Calibration,
  type CsvTable,
  labelTable,
  type ModelKind,
  type ModelParams,
  readCsv,
  renderModelCard,
  type StackOutcome,
  type TrainEvent,
  type TrainOutcome,
  type TrainPorts,
  type TrainRequest,
  trainModel,
  trainStackModel
} from '../../training/index.ts'
import type { CliContext } from '../context.ts'
import { plain, plural } from '../output.ts'
import { LOCAL_BYTES_MAX } from './find-package.ts'
import { asCliError, openData } from './open-data.ts'
import { ProgressBar } from './progress-bar.ts'
import { readRanges } from './train-options.ts'

export interface TrainOrder {
  readonly data: string
  readonly label: string
  readonly kind: ModelKind | 'stack'
  readonly params: ModelParams
  readonly out: string | undefined
  readonly drop: readonly string[]
  readonly group: string | undefined
  readonly folds: number | undefined
  readonly search: number
  readonly seed: number
  readonly calibration: Calibration
  readonly falsePositiveRateMax: number | undefined
  readonly stabilityMin: number | undefined
  readonly positive: string | undefined
  readonly ranges: string | undefined
  readonly name: string | undefined
  readonly version: string
  readonly isSynthetic: boolean
}

const KINDS: Readonly<Record<TrainOrder['kind'], PackageKind>> = {
  'gradient-boosting': 'boosting',
  'random-forest': 'random-forest',
  'isolation-forest': 'isolation-forest',
  stack: 'forest-stack'
}

/** @throws {TrainingError | ModelError | CliError} */
export async function runTraining(order: TrainOrder, context: CliContext): Promise<void> {
  const { io, clock, signal } = context
  const startMs = clock.monotonicMs()
  if (order.out !== undefined) await checkPackagePlace(order.out)
  const ranges = order.ranges === undefined ? undefined : await readRanges(order.ranges)
  const bar = new ProgressBar(io, clock)
  try {
    const { csv, sha256 } = await readTable(order, context, bar)
    const { table, classNames } = labelTable(csv, {
      label: order.label,
      positive: order.positive,
      isIsolation: order.kind === 'isolation-forest'
    })
    const lines = new EventLines(io)
    const groups = order.group === undefined ? undefined : csv.words.get(order.group)
    const outcome = await train(
      { ...order, table, classNames, ranges, groups },
      {
        clock,
        signal,
        onEvent: (event) => lines.add(event),
        onProgress: (stage, share) => bar.show(stage, share)
      }
    ).finally(() => lines.flush())
    signal.throwIfAborted()
    if (order.out !== undefined) {
      bar.show('writing the package', undefined)
      await writePackage(order.out, packageOf(order, outcome, { csv, sha256, classNames }, context))
    }
    const seconds = (clock.monotonicMs() - startMs) / 1_000
    await io.write(resultLine(order, outcome, seconds))
    bar.clear()
    io.talk(`netminder: ${talkOf(order, outcome, seconds)}`)
  } finally {
    bar.clear()
  }
}

type Request = Omit<TrainRequest, 'kind'> & Pick<TrainOrder, 'kind'>

async function train(request: Request, ports: TrainPorts): Promise<Outcome> {
  const { kind } = request
  return kind === 'stack'
    ? await trainStackModel(request, ports)
    : await trainModel({ ...request, kind }, ports)
}

async function readTable(order: TrainOrder, context: CliContext, bar: ProgressBar) {
  const { io, signal } = context
  const { data, label, group } = order
  const { stream, bytes, sha256 } = await openData(data, { stdin: io.stdin, signal })
  try {
    const csv = await readCsv(stream, {
      drop: order.drop,
      words: group === undefined || group === label ? [label] : [label, group],
      bytes,
      signal,
      onBytes: (read) => bar.show('reading', bytes === undefined ? undefined : read / bytes)
    })
    return { csv, sha256: sha256() }
  } catch (error) {
    signal.throwIfAborted()
    throw asCliError(data, error)
  }
}

/** Lines as they come, written in their order; warnings are said to the person, too. */
class EventLines {
  readonly #io: CliContext['io']
  #written: Promise<void> = Promise.resolve()

  constructor(io: CliContext['io']) {
    this.#io = io
  }

  add(event: TrainEvent): void {
    if (event.type === 'check' && event.outcome === 'warning') {
      const figures = Object.entries(event.figures).map(([name, value]) => `${name} ${value}`)
      this.#io.talk(
        plain(`netminder: warning: ${event.check}: ${event.sentence} (${figures.join(', ')})`)
      )
    }
    const line = `${JSON.stringify(event)}\n`
    this.#written = this.#written.then(() => this.#io.write(line))
    // What failed is told when it is flushed.
    this.#written.catch(() => undefined)
  }

  flush(): Promise<void> {
    return this.#written
  }
}

type Outcome = TrainOutcome | StackOutcome

interface Made {
  readonly csv: CsvTable
  readonly sha256: string
  readonly classNames: readonly string[]
}

function packageOf(
  order: TrainOrder,
  { parts, report, ranges, goldenRows }: Outcome,
  { csv, sha256, classNames }: Made,
  { clock }: CliContext
) {
  const features = parts.members[0]?.forest.features ?? []
  const createdAt = new Date(clock.nowMs()).toISOString()
  const data = { name: basename(order.data), rows: csv.rows, sha256 }
  const facts = {
    ...{ name: nameOf(order), version: order.version, seed: order.seed },
    ...{ data, classes: classNames, codeVersion: programVersion(), createdAt }
  }
  return buildPackage(
    {
      manifest: {
        name: facts.name,
        version: facts.version,
        kind: KINDS[order.kind],
        task: 'table',
        featureSetVersion: null,
        features: features.map((spec, index) => {
          const range = ranges[index]
          if (spec.kind === 'category') return { ...spec, categories: [...spec.categories] }
          return range === undefined ? spec : { ...spec, range: [range.minimum, range.maximum] }
        }),
        classes: [...classNames],
        thresholds: classNames.length === 2 ? { decision: parts.threshold } : {},
        data: { ...data, synthetic: order.isSynthetic },
        codeVersion: facts.codeVersion,
        seed: order.seed,
        metrics: JSON.parse(JSON.stringify(report)),
        lineage: { parent: null, created_at: createdAt, job: null }
      },
      parts,
      goldenRows,
      card: renderModelCard(facts, report)
    },
    { bytesMax: LOCAL_BYTES_MAX }
  )
}

/** Given, or that of the folder, or that of the file: as far as its letters may stand in a name. */
function nameOf({ name, out, data }: TrainOrder): string {
  const raw = name ?? basename(out ?? data).replace(/\.(?:csv|gz)$/gi, '')
  const clean = raw.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return clean.slice(0, 64) || 'model'
}

function resultLine(order: TrainOrder, { report, parts }: Outcome, seconds: number): string {
  const { model, params, rows, method, validation, training, gap, calibration, threshold } = report
  return `${JSON.stringify({
    type: 'result',
    ...{ model, params, classes: parts.classes, rows, method },
    features: parts.members[0]?.forest.features.length ?? 0,
    ...{ validation, training, gap, calibration, threshold },
    dropped: report.dropped,
    package: order.out ?? null,
    seconds
  })}\n`
}

function talkOf(order: TrainOrder, { report, parts }: Outcome, seconds: number): string {
  const { validation, rows, passed_over } = report
  const auc = validation.auc === null ? '' : `, AUC ${validation.auc.toFixed(4)}`
  const unused = passed_over.length === 0 ? '' : `; ${passed_over.join(', ')} mean nothing to it`
  const where =
    order.out === undefined
      ? 'nothing was kept: --out names a folder for the model'
      : `the model is in ${order.out}`
  return plain(
    `${order.kind} of ${plural(parts.classes.length, 'class', 'classes')} from ${plural(rows, 'row')} in ${seconds.toFixed(1)} s: accuracy ${validation.accuracy.toFixed(4)}${auc} on rows that were held out${unused}; ${where}`
  )
}
