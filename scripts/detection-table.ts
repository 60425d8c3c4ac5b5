/**
 * Every policy over the same recorded logs, as tables for docs/DETECTION.md:
 * `npm run detection-table -- --haproxy-log FILE [--hockeypuck-log FILE] --truth FILE [--treat-as-public CIDR]…`
 */
import { parseArgs } from 'node:util'
import { NetminderError, SystemClock } from '../src/base/index.ts'
import { runReplay } from '../src/cli/index.ts'
import { readLabels } from '../src/datasets/index.ts'
import { type Evaluation, evaluate } from '../src/defense/index.ts'
import { POLICY_NAMES, type PolicyName } from '../src/detection/index.ts'

const OPTIONS = {
  'haproxy-log': { type: 'string' },
  'hockeypuck-log': { type: 'string' },
  'nginx-log': { type: 'string' },
  truth: { type: 'string' },
  'treat-as-public': { type: 'string', multiple: true },
  'time-zone': { type: 'string' },
  seed: { type: 'string' }
} as const
const USAGE_EXIT = 64

async function evaluateAll(args: readonly string[]): Promise<Evaluation[]> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  if (values.truth === undefined) throw new TypeError('expected --truth FILE, got none')
  const seed = Number(values.seed ?? 1)
  if (!Number.isInteger(seed)) throw new TypeError(`expected a whole number, got ${values.seed}`)
  const truth = await readLabels(values.truth, { isTruth: true })
  const evaluations: Evaluation[] = []
  for (const policy of POLICY_NAMES) {
    process.stderr.write(`${policy} …\n`)
    const { run } = await runReplay(
      {
        logs: {
          haproxy: values['haproxy-log'],
          hockeypuck: values['hockeypuck-log'],
          nginx: values['nginx-log'],
          timeZone: values['time-zone']
        },
        policy,
        treatAsPublic: values['treat-as-public'] ?? [],
        allow: [],
        seed
      },
      { clock: new SystemClock(), signal: new AbortController().signal }
    )
    evaluations.push(evaluate(truth, { policy, sources: run.sources() }))
  }
  return evaluations
}

function percent(share: number | null, digits = 1): string {
  return share === null ? '–' : `${(share * 100).toFixed(digits)} %`
}

function policyTable(evaluations: readonly Evaluation[]): string {
  const rows = evaluations.map((found) => [
    `\`${found.policy}\``,
    percent(found.recall_by_class_mean),
    percent(found.recall),
    percent(found.precision),
    percent(found.false_positive_rate, 2),
    percent(found.abuse_requests_prevented),
    percent(found.benign_requests_prevented),
    String(found.benign_banned)
  ])
  return table(
    [
      'policy',
      'recall, mean over classes',
      'recall',
      'precision',
      'false-positive rate',
      'abusive requests prevented',
      'harmless requests prevented',
      'harmless banned'
    ],
    rows
  )
}

/** Abuse: how many of the sources are detected; harmless: how many are flagged. */
function classTable(evaluations: readonly Evaluation[]): string {
  const shown = evaluations.filter(({ policy }) => policy !== ('rules' satisfies PolicyName))
  const [first] = shown
  if (first === undefined) return ''
  const rows = Object.entries(first.by_class).map(([name, result]) => [
    name,
    String(result.sources),
    ...shown.map(({ by_class: classes }) => {
      const found = classes[name]
      if (found === undefined) return '–'
      return String('detected' in found ? found.detected : found.flagged)
    }),
    'detected' in result ? seconds(result.time_to_detection_s.p50) : '–',
    'detected' in result ? String(result.requests_before_decision.p50 ?? '–') : '–'
  ])
  const names = shown.map(({ policy }) => `\`${policy}\``)
  return table(
    [
      'class',
      'sources',
      ...names,
      `${names[0]}: s to detection, p50`,
      `${names[0]}: requests before, p50`
    ],
    rows
  )
}

function seconds(value: number | null): string {
  return value === null ? '–' : value.toFixed(1)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

try {
  const evaluations = await evaluateAll(process.argv.slice(2))
  const [first] = evaluations
  const counted =
    first === undefined
      ? ''
      : `${first.sources.abuse} abusive and ${first.sources.benign} harmless sources; ${first.mixed.sources} mixed ones are left out, and ${first.sources_without_lines} that have no line.`
  process.stdout.write(`${counted}\n\n${policyTable(evaluations)}\n\n${classTable(evaluations)}\n`)
} catch (error) {
  if (!(error instanceof NetminderError) && !(error instanceof TypeError)) throw error
  process.stderr.write(`detection-table: ${error.message}\n`)
  process.exitCode = USAGE_EXIT
}
