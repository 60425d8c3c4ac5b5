/** The card of a model: what it was made of, how good it is and what to be careful with, for a person. */
import type { Figures } from '../metrics/figures.ts'
import type { TrainReport } from './train-model.ts'

export interface CardFacts {
  readonly name: string
  readonly version: string
  readonly data: { readonly name: string; readonly rows: number; readonly sha256: string }
  readonly classes: readonly string[]
  readonly seed: number
  readonly codeVersion: string
  readonly createdAt: string
}

/** Of one kind of model, or of a stack. */
export interface CardReport extends Omit<TrainReport, 'model'> {
  readonly model: string
}

const FEATURES_MAX = 40

export function renderModelCard(facts: CardFacts, report: CardReport): string {
  const { method, features, checks, trials, dropped } = report
  const judged =
    method.kind === 'grouped'
      ? `${method.folds} folds that keep ${method.groups} together, each judged by a model of the others`
      : `one part in ${method.folds} that was held out (${method.groups} are kept together)`
  return [
    `# ${facts.name} ${facts.version}\n`,
    `A ${report.model} model of ${facts.classes.length} classes (${facts.classes.map(code).join(', ')}), made ${facts.createdAt} by netminder ${facts.codeVersion} with seed ${facts.seed}.\n`,
    '## Data\n',
    `${code(facts.data.name)}: ${facts.data.rows} rows, SHA-256 \`${facts.data.sha256}\`.\n`,
    table(
      ['check', 'outcome', 'what was found', 'figures'],
      checks.map(({ check, outcome, sentence, figures }) => [
        check,
        outcome,
        sentence,
        Object.entries(figures)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')
      ])
    ),
    '## How good it is\n',
    `Measured on ${judged}; the model itself was then fitted to all rows.\n`,
    table(
      ['figure', 'validation', 'training', 'gap'],
      FIGURES.map((name) => [
        name,
        shown(report.validation[name]),
        shown(report.training[name]),
        name in report.gap ? shown(report.gap[name as keyof TrainReport['gap']]) : ''
      ])
    ),
    `Calibration: ${report.calibration.kind}${report.calibration.ece === null ? '' : `, which takes the calibration error from ${shown(report.calibration.ece_before)} to ${shown(report.calibration.ece)} (learned on one half of the held-out rows, measured on the other)`}. With two classes, a row counts as the second from a score of ${shown(report.threshold)} on.\n`,
    '## Params\n',
    `\`\`\`json\n${JSON.stringify(report.params)}\n\`\`\`\n`,
    ...(trials.length === 0
      ? []
      : [
          `The best of ${trials.length} trials, the first of which is what was asked for:\n`,
          table(
            ['trial', 'log loss', 'AUC', 'params'],
            trials.map((trial) => [
              String(trial.trial),
              shown(trial.log_loss),
              shown(trial.auc),
              code(JSON.stringify(trial.params))
            ])
          )
        ]),
    '## Features\n',
    'Contribution: mean of TreeSHAP without sign. Stability: share of bootstraps over all folds in which the feature is among the first. Cost: reading it and asking for it.\n',
    table(
      ['feature', 'contribution', 'stability', 'µs a row'],
      features
        .slice(0, FEATURES_MAX)
        .map((own) => [
          code(own.feature),
          shown(own.contribution),
          shown(own.stability),
          shown(own.cost_us)
        ])
    ),
    ...(dropped.length === 0 ? [] : [`Left out as unstable: ${dropped.map(code).join(', ')}.\n`]),
    '## Limits\n',
    'It knows what its data knew. Rows from elsewhere, or from another time, are judged less surely than the figures say; columns whose values lie far outside of those in the data are warned of when it predicts.\n'
  ].join('\n')
}

const FIGURES: readonly (keyof Figures)[] = [
  'accuracy',
  'auc',
  'log_loss',
  'ece',
  'tpr_at_fpr_01',
  'tpr_at_fpr_001'
]

function shown(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(4)))
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('\n', ' ').slice(0, 200)}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return `${[line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')}\n`
}
