/** The results as a document, for docs/DETECTION_EXPERIMENT.md. Pure. */
import type { Interval } from '../../../src/training/index.ts'
import { FAST_PER_SECOND, inOrder } from './figures.ts'
import type { Findings } from './lines.ts'
import type { FalsePositive } from './misses.ts'
import type { OracleResult } from './oracle.ts'
import type { RecordingResult } from './recording.ts'
import type { ClassResult, Figure, Results } from './results.ts'
import { quantile } from './statistics.ts'
import { HARD_NEGATIVES, isMet, NOT_IN_LOGS, TARGETS, type Target } from './targets.ts'
import type { ZeroDayResult } from './zero-day.ts'

export interface ReportFacts {
  readonly seeds: readonly number[]
  readonly hours: number
  readonly model: string
  readonly generatorVersion: number
  readonly command: string
}

export function renderReport(facts: ReportFacts, findings: Findings): string {
  const { results, oracle, zeroDay, recording } = findings
  const parts = [
    head(facts, results),
    targets(results, zeroDay),
    policies(results),
    classes(results, oracle),
    harmless(results),
    faults(results),
    comparisons(results),
    ...(oracle === undefined ? [] : [oracleSection(oracle, results)]),
    ...(zeroDay === undefined ? [] : [zeroDaySection(zeroDay)]),
    ...(recording === undefined ? [] : [recordingSection(recording)])
  ]
  return `${parts.join('\n\n')}\n`
}

function head(facts: ReportFacts, results: Results): string {
  const all = results.bySeed.map(({ policies: of }) => of['default'])
  const sum = (key: 'abuseSources' | 'benignSources' | 'mixedSources' | 'sourcesWithoutLines') =>
    all.reduce((total, one) => total + (one?.[key] ?? 0), 0)
  return `# Detection, by experiment

<!-- Made by the command below; edit scripts/experiment/detection. -->

\`${facts.command}\`

Generated days of the test region (docs/TRAFFIC.md, generator version ${facts.generatorVersion}), each scenario of it once for each of the seeds ${facts.seeds.join(', ')}, ${facts.hours} h a day, through the code of
\`netminder replay\` with decisions standing. Model: ${facts.model}. Together ${sum('abuseSources')} abusive and ${sum('benignSources')} harmless sources; ${sum('mixedSources')} that are both are left out, and ${sum('sourcesWithoutLines')} that have no line.
Figures are means over seeds with 95 % intervals by Student's t, those of shares cut at 0 and 100 %; a seed's figure is of all its days together. **The traffic is synthetic.** Rates, tools, evasions and scenarios of the test
region were never seen in training, nor when thresholds were set.

- Detected is who was throttled or banned, at any time; flagged the same of harmless sources. Times run from the first request of the source.
- An attack is fast if its sources together send at least ${FAST_PER_SECOND} request a second.
- Error: sources judged wrongly, misses and false positives together, among all sources.
- The calibration error is that of the model's probabilities at each judgement (15 bins), each source weighing 1.`
}

function targets(results: Results, zeroDay: ZeroDayResult | undefined): string {
  const { summary } = results
  const row = (name: string, key: string, shown: (value: number) => string, target?: Target) => [
    name,
    interval(summary[key], shown),
    target === undefined ? '' : `${target.at === 'least' ? '≥' : '≤'} ${shown(target.value)}`,
    target === undefined ? '' : verdict(summary[key]?.met ?? null)
  ]
  const rows = [
    row('recall', 'recall', percent, TARGETS.recall),
    row('recall, mean over classes', 'recall_by_class_mean', percent),
    row('precision', 'precision', percent, TARGETS.precision),
    row('precision where 3 % of all sources are abusive', 'precision_at_3_percent', percent),
    row(
      'false positives among harmless sources',
      'false_positive_rate',
      fine,
      TARGETS.falsePositiveRate
    ),
    row('N3, N4, N5, N7 banned', 'hard_negatives_banned', String, TARGETS.hardNegativesBanned),
    row('s to detection, p95, fast attacks', 'seconds_p95_fast', seconds, TARGETS.secondsP95Fast),
    row('s to detection, p95, slow attacks', 'seconds_p95_slow', seconds),
    row('calibration error', 'ece', small, TARGETS.ece),
    row(
      `error less than \`${results.best}\` by`,
      'error_reduction',
      percent,
      TARGETS.errorReduction
    ),
    row(
      `false positives less than \`${results.best}\` by`,
      'false_positive_reduction',
      percent,
      TARGETS.falsePositiveReduction
    ),
    row('abusive requests prevented', 'abuse_requests_prevented', percent),
    row('harmless requests prevented', 'benign_requests_prevented', fine)
  ]
  const visible = results.classes.filter(({ class: name }) => NOT_IN_LOGS[name] === undefined)
  const reached = visible.filter(({ recall }) => recall.met === true).length
  rows.push([
    'visible classes with recall ≥ 90 %',
    `${reached} of ${visible.length}`,
    'all',
    verdict(reached === visible.length)
  ])
  if (zeroDay !== undefined) {
    const p95 = zeroDay.summary['seconds_p95']
    const value = typeof p95 === 'number' ? p95 : null
    rows.push([
      's to the first decision on a class that training has not seen, p95',
      shownOr(value, seconds),
      `≤ ${TARGETS.zeroDaySeconds.value}`,
      verdict(isMet(TARGETS.zeroDaySeconds, value))
    ])
  }
  return `## What is asked for, and what is\n\n${table(['figure', 'default policy', 'asked for', 'met'], rows)}`
}

function policies(results: Results): string {
  const names = Object.keys(results.bySeed[0]?.policies ?? {})
  const rows = names.map((name) => {
    const own = results.bySeed.map((one) => one.policies[name]).filter((one) => one !== undefined)
    const mean = (read: (one: (typeof own)[number]) => number | null) => {
      const values = own.map(read).filter((value) => value !== null)
      return values.length === 0
        ? null
        : values.reduce((total, value) => total + value, 0) / values.length
    }
    return [
      `\`${name}\``,
      shownOr(
        mean((one) => one.recall),
        percent
      ),
      shownOr(
        mean((one) => one.recallByClassMean),
        percent
      ),
      shownOr(
        mean((one) => one.precision),
        percent
      ),
      shownOr(
        mean((one) => one.falsePositiveRate),
        fine
      ),
      shownOr(
        mean((one) => one.error),
        fine
      ),
      shownOr(
        mean((one) => one.abuseRequestsPrevented),
        percent
      ),
      shownOr(
        mean((one) => one.benignRequestsPrevented),
        fine
      ),
      String(own.reduce((total, one) => total + one.benignBanned, 0))
    ]
  })
  return `## Beside the baselines

\`whole-session\` is plain boosting on counts, shares and gaps of each source over the whole recording, the future included, trained on days of the training region, threshold at 0.1 % false
positives of its own folds: a yardstick that cannot run on a live node, so that it prevents nothing and is not among the baselines of which the best is taken.

${table(
  [
    ...['policy', 'recall', 'recall, mean over classes', 'precision', 'false positives', 'error'],
    ...['abusive requests prevented', 'harmless requests prevented', 'harmless banned']
  ],
  rows
)}`
}

function classes(results: Results, oracle: OracleResult | undefined): string {
  const known = new Map(oracle?.classes.map((one) => [one.class, one.recall]))
  const row = (one: ClassResult) => [
    one.class,
    String(one.campaigns),
    String(one.sources),
    interval(one.recall, percent),
    one.recall.met === undefined ? 'not asked' : verdict(one.recall.met),
    ...['rules', results.best, 'whole-session'].map((policy) =>
      shownOr(one.recall_by_policy[policy] ?? null, percent)
    ),
    ...(oracle === undefined ? [] : [interval(known.get(one.class), percent)]),
    shownOr(one.seconds_p50, seconds),
    shownOr(one.seconds_p95, seconds),
    shownOr(one.requests_before_p50, String)
  ]
  const notes = Object.entries(NOT_IN_LOGS).map(([name, why]) => `- ${name}: ${why}.`)
  return `## By class of abuse

${table(
  [
    ...['class', 'campaigns', 'sources', 'recall', '≥ 90 %', '`rules`', `\`${results.best}\``],
    ...['`whole-session`', ...(oracle === undefined ? [] : ['oracle'])],
    ...['s to detection, p50', 'p95', 'requests before, p50']
  ],
  results.classes.map(row)
)}

What the logs do not show:

${notes.join('\n')}`
}

function harmless(results: Results): string {
  const rows = Object.entries(results.hardNegatives).map(
    ([name, { n, flagged, banned, upper_bound }]) => [
      HARD_NEGATIVES.includes(name) ? `${name} (hard)` : name,
      String(n),
      String(flagged),
      `${banned} of ${n}`,
      `${(upper_bound * 100).toFixed(3)} %`
    ]
  )
  return `## Harmless sources

The upper bound is that of Clopper and Pearson at 95 %, one-sided: what the share of bans may still be. Gossip partners (some of N5) are judged like anybody
here: a node knows its own and never acts on them.

${table(['class', 'sources', 'flagged', 'banned', 'upper bound of banned'], rows)}`
}

const FAULTS_SHOWN = 40

function faults({ misses, falsePositives }: Results): string {
  const most = [...misses].sort((a, b) => b.missed - a.missed).slice(0, FAULTS_SHOWN)
  const rows = most.map((one) => [
    ...[one.day, one.campaign, one.description, one.evasion],
    `${one.missed} of ${one.sources}`,
    shownOr(one.requests_p50, String),
    shownOr(one.pace, (pace) => pace.toFixed(3))
  ])
  const kinds = new Map<string, FalsePositive[]>()
  for (const one of falsePositives) {
    const kind = `${one.class} ${one.level} ${one.rules.join(' ')}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), one])
  }
  const wrong = [...kinds.values()]
    .sort((a, b) => b.length - a.length)
    .slice(0, FAULTS_SHOWN)
    .flatMap(([first, ...others]) => (first === undefined ? [] : [falsePositiveRow(first, others)]))
  return `## What was judged wrongly

${misses.length} campaigns have sources that were missed; those with the most:

${table(['day', 'campaign', 'what', 'evasion', 'missed', 'requests of a missed source, p50', 'requests/s of the whole'], rows)}

${falsePositives.length} harmless sources were flagged, most often so:

${table(['class', 'level', 'what spoke', 'sources', 'requests of a source, p50', 'for instance'], wrong)}`
}

function falsePositiveRow(first: FalsePositive, others: readonly FalsePositive[]): string[] {
  const all = [first, ...others]
  return [
    ...[first.class, first.level, first.rules.map((rule) => `\`${rule}\``).join(' ')],
    String(all.length),
    shownOr(
      quantile(
        all.map(({ requests }) => requests),
        0.5
      ),
      String
    ),
    `${first.source} on ${first.day}`
  ]
}

function comparisons(results: Results): string {
  const rows = results.comparisons.map(({ baseline, error, falsePositives }) => [
    `\`${baseline}\``,
    reduction(error),
    reduction(falsePositives)
  ])
  const best = results.comparisons.find(({ baseline }) => baseline === results.best)
  const byClass = Object.entries(best?.byClass ?? {})
    .sort(([a], [b]) => inOrder(a, b))
    .map(([name, found]) => [
      name,
      name.startsWith('A') ? 'misses' : 'false positives',
      reduction(found)
    ])
  return `## How much fewer faults

Paired bootstrap: campaigns, and the harmless sources of one class on one day, are drawn again 2000 times, the same for both policies. The best baseline is the one with the least error: \`${results.best}\`.

${table(['against', 'error less by', 'false positives less by'], rows)}

Against \`${results.best}\`, by class:

${table(['class', 'of', 'less by'], byClass)}`
}

function oracleSection(oracle: OracleResult, results: Results): string {
  const known = new Map(oracle.classes.map((one) => [one.class, one.recall.mean]))
  const short = results.classes.filter(
    ({ class: name, recall }) =>
      (recall.mean ?? 1) < TARGETS.classRecall.value &&
      (known.get(name) ?? 1) < TARGETS.classRecall.value
  )
  return `## The oracle

Boosting on everything that the logs show of a source over the whole recording, the evidence of its swarm and the future included, trained on the other seeds of this very test region, its threshold
set on the tested seed itself at 0.1 % false positives. No live system can have that. Its recall is ${interval(findFigure(oracle.summary['recall']), percent)}. Classes in which it, too, stays under
90 %: ${short.length === 0 ? 'none' : short.map((one) => one.class).join(', ')}. There
hardly anything in the logs tells abuse from use at that price. (It is a trained classifier with these features: strong evidence of what is not in the logs, no proof.)`
}

function findFigure(value: Figure | number | undefined): Figure | undefined {
  return typeof value === 'object' ? value : undefined
}

function zeroDaySection(zeroDay: ZeroDayResult): string {
  const rows = zeroDay.classes.map((one) => [
    one.class,
    String(one.sources),
    interval(one.recall, percent),
    shownOr(one.seconds_p95, seconds),
    interval(one.recall_without_own_rules, percent),
    shownOr(one.seconds_p95_without_own_rules, seconds),
    one.rules_left_out.map((rule) => `\`${rule}\``).join(' ')
  ])
  const { summary } = zeroDay
  const number = (key: string) => (typeof summary[key] === 'number' ? summary[key] : null)
  return `## Zero-day

Each class is left out of training in turn (fewer trees than the shipped model: ${zeroDay.classes.length} models are trained), and the policy with that model is asked about it, on a mixed day of ${zeroDay.hours} h for ${zeroDay.seeds === 1 ? 'one seed' : `each of ${zeroDay.seeds} seeds`}. Once with all
rules, which know the class, and once without those that were written with it in mind: that is what happens to an abuse that nobody has seen.

${table(
  [
    ...['class', 'sources', 'recall', 's to the first decision, p95'],
    ...['recall without its own rules', 's, p95', 'rules left out']
  ],
  rows
)}

Mean over classes: ${shownOr(number('recall_by_class_mean'), percent)}, without own rules ${shownOr(number('recall_by_class_mean_without_own_rules'), percent)}; p95 to the first decision ${shownOr(number('seconds_p95'), seconds)} s, without own rules ${shownOr(number('seconds_p95_without_own_rules'), seconds)} s.`
}

function recordingSection({ campaigns, summary }: RecordingResult): string {
  const rows = campaigns.map((one) => [
    one.campaign,
    one.class,
    one.is_swarm ? 'yes' : '',
    `${one.detected} of ${one.sources}`,
    `${one.prevented} of ${one.requests}`,
    shownOr(one.seconds_p50, seconds)
  ])
  const of = (key: string, shown: (value: number) => string) => shownOr(summary[key] ?? null, shown)
  return `## A recording of real programs

Each campaign is left out of training in turn, with a share of the harmless sources; trained on generated days and the recording's other campaigns (a smaller model than the shipped one), then the whole
policy over the whole recording.

${table(['campaign', 'class', 'swarm', 'detected', 'requests prevented', 's to detection, p50'], rows)}

Recall ${of('recall', percent)}, mean over classes ${of('recall_by_class_mean', percent)}, swarms ${of('recall_of_swarms', percent)}; abusive requests prevented ${of('abuse_requests_prevented', percent)};
false positives ${of('false_positives', String)} of ${of('benign_sources', String)}, banned ${of('benign_banned', String)} (at most ${of('benign_banned_upper_bound', fine)} at 95 %).
The rules alone: recall ${of('rules_recall', percent)}, false positives ${of('rules_false_positives', String)}; they were written by people who knew this kind of recording.`
}

function verdict(met: boolean | null): string {
  return met === null ? 'cannot be said' : met ? 'yes' : 'no'
}

function interval(figure: Figure | undefined, shown: (value: number) => string): string {
  if (figure === undefined || figure.mean === null) return '–'
  const [low, high] = [figure.low ?? Number.NaN, figure.high ?? Number.NaN]
  if (!Number.isFinite(high - low) || low === high) return shown(figure.mean)
  return `${shown(figure.mean)} (${shown(low)} to ${shown(high)})`
}

function reduction(found: Interval | null): string {
  if (found === null) return 'it has none'
  return `${percent(found.mean)} (${percent(found.low)} to ${percent(found.high)})`
}

function shownOr(value: number | null, shown: (value: number) => string): string {
  return value === null ? '–' : shown(value)
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`
const fine = (share: number) => `${(share * 100).toFixed(3)} %`
const small = (value: number) => value.toFixed(4)
const seconds = (value: number) => value.toFixed(1)

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}
