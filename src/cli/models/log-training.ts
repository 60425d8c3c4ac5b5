/** One training by the command line from logs and labels: lines about what was found, and a package of behaviour out. */
import { basename } from 'node:path'
import { programVersion } from '../../config/index.ts'
import {
  type BehaviourReport,
  type BuiltTable,
  buildRows,
  readLabels,
  type TrainedBehaviour,
  trainBehaviour
} from '../../datasets/index.ts'
import { checkPackagePlace, writePackage } from '../../registry/index.ts'
import type { CliContext } from '../context.ts'
import { plain, plural } from '../output.ts'
import { ProgressBar } from './progress-bar.ts'

export interface LogTrainOrder {
  /** Files of one log, the oldest first. */
  readonly haproxy: readonly string[] | undefined
  readonly hockeypuck: readonly string[] | undefined
  readonly nginx: readonly string[] | undefined
  readonly timeZone: string | undefined
  readonly labels: string
  readonly out: string | undefined
  readonly folds: number | undefined
  readonly seed: number
  readonly budget: number | undefined
  readonly checkpoint: string | undefined
  readonly name: string | undefined
  readonly version: string
  readonly isSynthetic: boolean
}

/** @throws {DatasetError | KeyserverError | TrainingError | ModelError} */
export async function runLogTraining(order: LogTrainOrder, context: CliContext): Promise<void> {
  const { io, clock, signal } = context
  const startMs = clock.monotonicMs()
  if (order.out !== undefined) await checkPackagePlace(order.out)
  const bar = new ProgressBar(io, clock)
  try {
    const table = await readLogs(order, context, bar)
    sayUnmatched(table, io)
    const trained = await trainBehaviour(table, {
      package: {
        name: order.name ?? 'behaviour',
        version: order.version,
        data: dataName(order),
        codeVersion: programVersion(),
        createdAt: new Date(clock.nowMs()).toISOString()
      },
      ...{ seed: order.seed, folds: order.folds, budget: order.budget },
      ...{ checkpoint: order.checkpoint, signal },
      onProgress: (stage, share) => bar.show(stage, share)
    })
    signal.throwIfAborted()
    if (order.out !== undefined) {
      bar.show('writing the package', undefined)
      await writePackage(order.out, trained.files)
    }
    const seconds = (clock.monotonicMs() - startMs) / 1_000
    for (const line of linesOf(order, table, trained, seconds)) {
      await io.write(`${JSON.stringify(line)}\n`)
    }
    bar.clear()
    sayWarnings(trained.report, io)
    io.talk(`netminder: ${talkOf(order, trained.report, seconds)}`)
  } finally {
    bar.clear()
  }
}

async function readLogs(
  order: LogTrainOrder,
  { io, clock, signal }: CliContext,
  bar: ProgressBar
): Promise<BuiltTable> {
  const { haproxy, hockeypuck, nginx, timeZone } = order
  const labels = await readLabels(order.labels)
  return await buildRows({ haproxy, hockeypuck, nginx, timeZone }, labels, {
    // One keyserver: its logs are one site.
    site: 'logs',
    isSynthetic: order.isSynthetic,
    ...{ stdin: io.stdin, clock, signal },
    onProgress: (rows) => bar.show('reading logs', undefined, plural(rows, 'row'))
  })
}

function sayUnmatched({ built }: BuiltTable, io: CliContext['io']): void {
  const { sourcesLabelled, sourcesSeen, labelsOutside } = built
  const absent = sourcesLabelled - sourcesSeen
  if (absent > 0) {
    io.talk(
      `netminder: warning: ${absent} of ${plural(sourcesLabelled, 'labelled source')} are not in the logs`
    )
  }
  if (labelsOutside > 0) {
    io.talk(
      `netminder: warning: ${plural(labelsOutside, 'label')} for a time that the logs do not hold`
    )
  }
}

function sayWarnings({ checks }: BehaviourReport, io: CliContext['io']): void {
  for (const { check, outcome, sentence } of checks) {
    if (outcome === 'warning') io.talk(plain(`netminder: warning: ${check}: ${sentence}`))
  }
}

function dataName({ haproxy = [], hockeypuck = [], nginx = [], labels }: LogTrainOrder): string {
  const names = [...haproxy, ...hockeypuck, ...nginx, labels].map((path) => basename(path))
  return names.join(', ').slice(0, 1_000)
}

function* linesOf(
  order: LogTrainOrder,
  { built }: BuiltTable,
  { report }: TrainedBehaviour,
  seconds: number
) {
  const { log } = built
  yield {
    type: 'rows',
    ...{ rows: report.rows, sources: report.sources, campaigns: report.campaigns },
    ...{ lines: log.lines, parsed: log.parsed, time_zone: log.timeZone ?? null },
    labelled_sources: built.sourcesLabelled,
    labelled_sources_seen: built.sourcesSeen,
    labels_outside: built.labelsOutside
  }
  for (const check of report.checks) yield { type: 'check', ...check }
  for (const fold of report.folds) yield { type: 'fold', ...fold }
  const [outOfFold] = report.bySource
  for (const [name, figures] of Object.entries(outOfFold?.byClass ?? {})) {
    yield { type: 'class', class: name, ...figures }
  }
  yield {
    type: 'result',
    ...{ model: 'stack', rows: report.rows, classes: ['benign', 'abuse'] },
    method: { kind: 'grouped', folds: report.folds.length, groups: 'campaigns' },
    ...{ validation: report.validation, training: report.training, gap: report.gap },
    ...{ thresholds: report.thresholds, abstention: report.abstention },
    by_source: outOfFold === undefined ? null : { ...outOfFold, byClass: undefined },
    ...{ package: order.out ?? null, seconds }
  }
}

function talkOf(order: LogTrainOrder, report: BehaviourReport, seconds: number): string {
  const [figures] = report.bySource
  const recall = figures?.recall ?? 0
  const where =
    order.out === undefined
      ? 'nothing was kept: --out names a folder for the model'
      : `the model is in ${order.out}`
  return plain(
    `behaviour from ${plural(report.rows, 'moment')} of ${plural(report.sources.abuse + report.sources.benign, 'source')} in ${seconds.toFixed(1)} s: of campaigns that it had not seen it finds ${(recall * 100).toFixed(1)} % of the abusive sources, and flags ${figures?.falsePositives ?? 0} of ${plural(figures?.benignSources ?? 0, 'harmless one')}; ${where}`
  )
}
