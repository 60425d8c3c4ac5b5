/** `netminder train`: a model from anybody's table. */
import { type Command, Option } from 'commander'
import type { Calibration, ModelParams } from '../../training/index.ts'
import { collect, leaf, parseWholeNumber } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import {
  MODEL_NAMES,
  type ModelName,
  parseFolds,
  parsePackageVersion,
  parseParams,
  parseShare,
  requireTrees
} from '../models/train-options.ts'
import { runTraining } from '../models/train-run.ts'

interface GivenOptions {
  readonly data: string
  readonly label: string
  readonly model: ModelName
  readonly params?: ModelParams
  readonly out?: string
  readonly drop?: readonly string[]
  readonly group?: string
  readonly cv?: number
  readonly search: number
  readonly seed: number
  readonly calibration: Calibration
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
    summary: 'make a model from a CSV file, and print how good it is, one JSON object a line',
    examples: [
      ['train --data iris.csv --label species --out ./iris', 'boosted trees, kept as a package'],
      [
        'train --data a.csv --label class --group campaign --cv grouped:5 --search 20 --out m',
        'the best of 20 draws, judged on campaigns that it has not seen'
      ],
      [
        `train --data a.csv --label class --model random-forest --params '{"trees":300}'`,
        'a random forest, only to see how good it would be'
      ]
    ]
  })
  addDataOptions(command)
  addModelOptions(command)
  command.action((options: GivenOptions) => train(options, context))
}

function addDataOptions(command: Command): void {
  command
    .requiredOption('--data <file>', 'CSV with a header; gzip is unpacked, - reads standard input')
    .requiredOption('--label <column>', 'column of the class')
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
      new Option('--model <kind>', 'what to train')
        .choices(MODEL_NAMES)
        .default('gradient-boosting')
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
      parseWholeNumber(0, SEARCH_MAX),
      0
    )
    .addOption(
      new Option(
        '--calibration <kind>',
        'how scores become probabilities, learned on rows that were held out'
      )
        .choices(['none', 'temperature', 'isotonic'])
        .default('none')
    )
    .option(
      '--false-positives <share>',
      'two classes: budget that the threshold of the label keeps',
      parseShare
    )
    .option(
      '--min-stability <share>',
      'leave out features that are less often among the first',
      parseShare
    )
    .option('--name <name>', 'name of the model (default: that of the folder or file)')
    .option('--package-version <version>', 'version of the model', parsePackageVersion, '1.0.0')
    .option('--seed <n>', 'for everything that is drawn', parseWholeNumber(0, SEED_MAX), 1)
}

async function train(options: GivenOptions, context: CliContext): Promise<void> {
  const kind = requireTrees(options.model)
  await runTraining(
    {
      data: options.data,
      label: options.label,
      kind,
      params: options.params ?? {},
      out: options.out,
      drop: options.drop ?? [],
      group: options.group,
      folds: options.cv,
      search: options.search,
      seed: options.seed,
      calibration: options.calibration,
      falsePositiveRateMax: options.falsePositives,
      stabilityMin: options.minStability,
      positive: options.positive,
      ranges: options.ranges,
      name: options.name,
      version: options.packageVersion,
      isSynthetic: options.synthetic === true
    },
    context
  )
}
