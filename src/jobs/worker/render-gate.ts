/** The gate in the model's card, for a person. */
import type { Gate, GateSide } from './gate.ts'

export function renderGate(gate: Gate): string {
  const { checks, candidate, champion, passed, rows } = gate
  const sides = champion === null ? [candidate] : [candidate, champion]
  const figures = (name: string, of: (side: GateSide) => number | null) =>
    `| ${name} | ${sides.map((side) => shown(of(side))).join(' | ')} |`
  const classes = Object.keys(candidate.by_class).slice(0, CLASSES_MAX)
  return [
    '## Gate\n',
    `${rows} rows that the model has not seen (${gate.kept_together} are kept together): it **${passed ? 'passed' : 'failed'}**${passed ? '' : ', and is not promoted unless somebody says why'}.\n`,
    '| check | outcome | what was found |',
    '| --- | --- | --- |',
    ...checks.map(
      (own) => `| ${own.check} | ${own.passed ? 'passed' : 'failed'} | ${plain(own.sentence)} |`
    ),
    '',
    `| figure | ${sides.map(({ model }) => model).join(' | ')} |`,
    `|${' --- |'.repeat(1 + sides.length)}`,
    figures('AUC', ({ auc }) => auc),
    figures('accuracy', ({ accuracy }) => accuracy),
    figures('recall', ({ recall }) => recall),
    figures('false positives', (side) => side.false_positive_rate),
    figures('log loss', ({ log_loss }) => log_loss),
    figures('calibration error', ({ ece }) => ece),
    ...classes.map((name) =>
      figures(
        `right of ${plain(name)} (${candidate.by_class[name]?.count ?? 0})`,
        (side) => side.by_class[name]?.right ?? null
      )
    )
  ].join('\n')
}

const CLASSES_MAX = 40

function shown(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(4)))
}

function plain(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 300)
}
