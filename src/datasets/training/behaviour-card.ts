/** The card of a behaviour model: what it is for, what it learned from, what it can and cannot do. */
import type { BehaviourReport, PackageFacts } from './behaviour-report.ts'
import type { SourceFigures } from './source-figures.ts'

export function renderBehaviourCard(
  facts: PackageFacts,
  report: BehaviourReport,
  isSynthetic: boolean
): string {
  const { thresholds, sources, validation, training, gap, checks } = report
  const origin = isSynthetic
    ? 'The traffic is **synthetic**: its parameters are ranges with sources (docs/TRAFFIC.md); no log of anybody was used.'
    : 'The rows were made of recorded logs and labels that somebody gave.'
  return `# Model card: ${facts.name} ${facts.version}

## What it is for
Tells from what a client of an OpenPGP keyserver has done until now how likely it is to be abusive. It judges beside the rules of
netminder: hard evidence stays with them. It is not made for other web services, nor to identify anybody.

## What it is
Boosted trees, a random forest and an isolation forest, put together by a logistic regression over scores of folds that had not seen
the campaign, and calibrated (isotonic). Features: docs/FEATURES.md.
What only tells one keyserver from another (how busy it is, shares and paces of everybody's requests) it was not shown; what speaks
against a source (injections, rules that speak, banned neighbours, …) can only raise the score of the boosted trees.

## What it learned from
${report.rows} moments of ${sources.abuse} abusive and ${sources.benign} harmless sources, ${report.campaigns} campaigns, ${report.sites} sites: ${facts.data} (seed ${report.seed}).
${origin}

${table(
  ['check', 'outcome', 'what was found'],
  checks.map(({ check, outcome, sentence }) => [check, outcome, sentence])
)}
## Thresholds
watch ${thresholds.watch.toFixed(3)}, throttle ${thresholds.throttle.toFixed(3)} (half the room above what ${perTenThousand(report.budget)} in 10 000 harmless sources reached), ban ${thresholds.ban.toFixed(3)}.
Between watch and throttle the model says neither: such sources are watched, and what rules merely suspect is not dropped.

## Figures, by source
${table(
  [
    ...['rows', 'abusive', 'recall', 'mean over classes', 'precision'],
    ...['harmless flagged', 'over the ban threshold']
  ],
  report.bySource.map((figures) => [
    figures.name,
    String(figures.abuseSources),
    percent(figures.recall),
    percent(figures.recallByClassMean),
    percent(figures.precision),
    `${figures.falsePositives} of ${figures.benignSources}`,
    String(figures.falseBans)
  ])
)}
Flagged, of all sources of a class:

${classTable(report.bySource)}
Rows out of fold are judged by forests, stack and calibration that had not seen their campaign.

## Figures, by row
${table(
  ['figure', 'validation', 'training', 'gap'],
  [
    ['accuracy', shown(validation.accuracy), shown(training.accuracy), shown(gap.accuracy)],
    ['AUC', shown(validation.auc), shown(training.auc), shown(gap.auc)],
    ['log loss', shown(validation.log_loss), shown(training.log_loss), shown(gap.log_loss)],
    ['calibration error', shown(validation.ece), shown(training.ece), '']
  ]
)}
Means over ${report.folds.length} folds that keep each campaign of a site whole.

## Limits
${
  isSynthetic
    ? 'Generated traffic is not the world: the figures say how it generalises from one part of the generator to another. '
    : 'It knows the abuse that was labelled, at the keyserver whose logs were given. '
}A class that the
logs do not show (content of certificates, connections without a request) cannot be seen by it. A keyserver behind a proxy that hides
its clients gives it little to see.
`
}

function classTable(all: readonly SourceFigures[]): string {
  const classes = [...new Set(all.flatMap(({ byClass }) => Object.keys(byClass)))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true })
  )
  return table(
    ['class', ...all.map(({ name }) => name)],
    classes.map((word) => [
      word,
      ...all.map(({ byClass }) => {
        const own = byClass[word]
        return own === undefined ? '–' : `${own.flagged} of ${own.sources}`
      })
    ])
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return `${[line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')}\n`
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`
}

function shown(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(4)))
}

function perTenThousand(budget: number): string {
  return String(Number((budget * 10_000).toPrecision(4)))
}
