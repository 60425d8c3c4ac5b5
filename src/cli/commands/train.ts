/** `netminder train`: a model from anybody's table, or one of behaviour from an operator's own logs. */
import { type Command, Option } from 'commander'
import type { Calibration, ModelParams } from '../../training/index.ts'
import { collect, leaf, parseWholeNumber } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type LogTrainOrder, runLogTraining } from '../models/log-training.ts'
import {
  MODEL_NAMES,
  type ModelName,
  parseFolds,
  parsePackageVersion,
  parseParams,
  parseShare,
  requireTrees
} from '../models/train-options.ts'
import { runTraining, type TrainOrder } from '../models/train-run.ts'

interface GivenOptions {
  readonly data?: string
  readonly label?: string
  readonly log?: readonly string[]
  readonly hockeypuckLog?: readonly string[]
  readonly nginxLog?: readonly string[]
  readonly labels?: string
  readonly timeZone?: string
  readonly checkpoint?: string
  readonly model?: ModelName
  readonly params?: ModelParams
  readonly out?: string
  readonly drop?: readonly string[]
  readonly group?: string
  readonly cv?: number
  readonly search?: number
  readonly seed: number
  readonly calibration?: Calibration
  readonly falsePositives?: number
  readonly minStability?: number
  readonly positive?: string
  readonly ranges?: string
  readonly name?: string
  readonly packageVersion: string
  readonly synthetic?: true
}

const SEED_MAX = 2 ** 32 - 1
const SEARCH_MAX = 10_000

export function addTrainCommand(program: Command, context: CliContext): void {
  const command = leaf(program.command('train'), {
    summary:
      'make a model from a CSV file or from logs, and print how good it is, one JSON object a line',
    examples: [
      ['train --data iris.csv --label species --out ./iris', 'boosted trees, kept as a package'],
      [
        'train --data a.csv --label class --group campaign --cv grouped:5 --search 20 --out m',
        'the best of 20 draws, judged on campaigns that it has not seen'
      ],
      [
        `train --data a.csv --label class --model random-forest --params '{"trees":300}'`,
        'a random forest, only to see how good it would be'
      ],
      [
        'train --log haproxy.log.1 haproxy.log --labels labels.csv --out ./behaviour',
        'a model of behaviour from your own logs; labels: source,label,from,to,campaign'
      ]
    ]
  })
  addDataOptions(command)
  addModelOptions(command)
  command.action((options: GivenOptions) => train(options, context))
}

function addDataOptions(command: Command): void {
  command
    .option('--data <file>', 'CSV with a header; gzip is unpacked, - reads standard input')
    .option('--label <column>', 'column of the class in the CSV file')
    .option(
      '--log <file...>',
      'instead of --data: log of HAProxy; files that it was rotated into, the oldest first'
    )
    .option('--hockeypuck-log <file...>', "with --log: Hockeypuck's own log of the same time")
    .option('--nginx-log <file...>', 'instead of --log: access log of nginx')
    .option(
      '--labels <file>',
      'who was who in the logs: CSV with source,label (benign, abuse, mixed) and if wanted class, from, to, campaign, weight; or JSON lines'
    )
    .option('--time-zone <zone>', "with --log: zone of HAProxy's times (default: as for replay)")
    .option('--drop <column>', 'leave this column out; repeatable', collect)
    .option(
      '--group <column>',
      'rows of one group are never on both sides of a validation; no feature'
    )
    .option(
      '--positive <class>',
      'of two classes, the one whose probability is the score (default: the last in order, words such as benign or no first)'
    )
    .option('--ranges <file>', 'JSON of {"column":[least,greatest]}; values outside are refused')
    .option('--synthetic', 'say in the manifest that the data is generated')
}

function addModelOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '--model <kind>',
        'what to train (default: gradient-boosting; from logs always stack)'
      ).choices(MODEL_NAMES)
    )
    .option(
      '--params <json>',
      'hyper-parameters, such as {"trees":200,"maxDepth":8,"learningRate":0.05}',
      parseParams
    )
    .option('--out <dir>', 'folder for the package; without it nothing is kept')
    .option(
      '--cv <folds>',
      'grouped:K judges by K folds (default: one fifth is held out once)',
      parseFolds
    )
    .option(
      '--search <n>',
      'random draws of hyper-parameters, beside those given',
      parseWholeNumber(0, SEARCH_MAX)
    )
    .addOption(
      new Option(
        '--calibration <kind>',
        'how scores become probabilities, learned on rows that were held out (default: none; of a stack always isotonic)'
      ).choices(['none', 'temperature', 'isotonic'])
    )
    .option(
      '--false-positives <share>',
      'two classes: budget that the threshold of the label keeps (from logs: harmless sources that may be slowed down, default: 0.0005)',
      parseShare
    )
    .option(
      '--min-stability <share>',
      'leave out features that are less often among the first',
      parseShare
    )
    .option(
      '--checkpoint <dir>',
      'from logs: keep there what is done, and go on from it when asked for the same again'
    )
    .option('--name <name>', 'name of the model (default: that of the folder or file)')
    .option('--package-version <version>', 'version of the model', parsePackageVersion, '1.0.0')
    .option('--seed <n>', 'for everything that is drawn', parseWholeNumber(0, SEED_MAX), 1)
}

async function train(options: GivenOptions, context: CliContext): Promise<void> {
  const isLogs =
    options.log !== undefined ||
    options.hockeypuckLog !== undefined ||
    options.nginxLog !== undefined ||
    options.labels !== undefined
  if (isLogs) return await runLogTraining(logOrder(options), context)
  return await runTraining(tableOrder(options), context)
}

/** @throws {CLI_USAGE} */
function tableOrder(options: GivenOptions): TrainOrder {
  const { data, label, params = {}, search = 0, calibration = 'none' } = options
  if (data === undefined || label === undefined) {
    throw usage(`--data FILE with --label COLUMN, or --log FILE with --labels FILE`, options)
  }
  refuse(options, ['timeZone', 'checkpoint'], 'from logs')
  const kind = requireTrees(options.model ?? 'gradient-boosting')
  if (kind === 'stack') refuse(options, ['search', 'calibration', 'minStability'], 'of one forest')
  return {
    ...{ data, label, kind, params, search, calibration },
    out: options.out,
    drop: options.drop ?? [],
    group: options.group,
    folds: options.cv,
    seed: options.seed,
    falsePositiveRateMax: options.falsePositives,
    stabilityMin: options.minStability,
    positive: options.positive,
    ranges: options.ranges,
    name: options.name,
    version: options.packageVersion,
    isSynthetic: options.synthetic === true
  }
}

/** @throws {CLI_USAGE} */
function logOrder(options: GivenOptions): LogTrainOrder {
  const { labels, log, hockeypuckLog, nginxLog } = options
  if (labels === undefined || (log ?? hockeypuckLog ?? nginxLog) === undefined) {
    throw usage('a log (--log, --hockeypuck-log or --nginx-log) with --labels FILE', options)
  }
  refuse(options, TABLE_OPTIONS, 'from a table')
  if (options.model !== undefined && options.model !== 'stack') {
    throw new CliError('CLI_USAGE', `expected no --model from logs, or stack, got ${options.model}`)
  }
  return {
    ...{ labels, haproxy: log, hockeypuck: hockeypuckLog, nginx: nginxLog },
    timeZone: options.timeZone,
    out: options.out,
    folds: options.cv,
    seed: options.seed,
    budget: options.falsePositives,
    checkpoint: options.checkpoint,
    name: options.name,
    version: options.packageVersion,
    isSynthetic: options.synthetic === true
  }
}

const TABLE_OPTIONS = [
  ...(['data', 'label', 'drop', 'group', 'positive', 'ranges'] as const),
  ...(['params', 'search', 'calibration', 'minStability'] as const)
]

function refuse(
  options: GivenOptions,
  names: readonly (keyof GivenOptions)[],
  where: string
): void {
  const given = names.find((name) => options[name] !== undefined)
  if (given === undefined) return
  const flag = `--${given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new CliError('CLI_USAGE', `expected ${flag} for a training ${where} only`)
}

function usage(expected: string, options: GivenOptions): CliError {
  const given = (['data', 'label', 'log', 'hockeypuckLog', 'nginxLog', 'labels'] as const)
    .filter((name) => options[name] !== undefined)
    .map((name) => `--${name.replace('Log', '-log')}`)
  const got = given.length === 0 ? 'neither' : `${given.join(' and ')} alone`
  return new CliError('CLI_USAGE', `expected ${expected}, got ${got}`)
}
