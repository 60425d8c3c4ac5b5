/** `netminder models train` and `netminder models jobs`: models made on the running node, from files there or from its own traffic. */
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { OperationInput, OperationResponse } from '../../api/index.ts'
import { JOB_MODELS } from '../../api/index.ts'
import {
  collect,
  given,
  leaf,
  noun,
  parseSince,
  parseWholeNumber,
  placesOf
} from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { followTraining } from '../models/follow-training.ts'
import { parseFolds, parseParams, parseShare } from '../models/train-options.ts'
import { jobColumns, jobText } from '../models/training-text.ts'
import { allItems, connect, firstItems } from '../node-client.ts'
import { print, printItems, renderTable } from '../output.ts'

type Training = OperationResponse<'showTraining'>
type Body = OperationInput<'train'>['body']

interface TrainOptions {
  readonly table?: string
  readonly label?: string
  readonly group?: string
  readonly drop?: readonly string[]
  readonly positive?: string
  readonly haproxyLog?: string
  readonly hockeypuckLog?: string
  readonly nginxLog?: string
  readonly labels?: string
  readonly site?: string
  readonly since?: string
  readonly synthetic?: true
  readonly model?: Training['kind']
  readonly params?: Readonly<Record<string, unknown>>
  readonly cv?: number
  readonly search?: number
  readonly calibration?: 'none' | 'temperature' | 'isotonic'
  readonly falsePositives?: number
  readonly seed?: number
  readonly reason?: string
  readonly detach?: true
}

const SEED_MAX = 2 ** 32 - 1
const SEARCH_MAX = 1_000

export function addModelsTrain(parent: Command, context: CliContext): void {
  const command = leaf(parent.command('train'), {
    summary: 'have the node train a model; what comes out is a candidate beside the champion',
    examples: [
      ['models train local', "from the node's own traffic, as far as it is labelled"],
      ['models train mine --haproxy-log h.log --labels truth.jsonl', 'from recorded logs'],
      ['models train spam --table spam.csv --label class --detach', 'any table; do not wait']
    ]
  }).argument('<name>', 'of the model; its version is one more than the greatest there is')
  addDataOptions(command, context)
  addModelOptions(command)
  command.action((name: string, options: TrainOptions, own: Command) =>
    train(name, options, own, context)
  )
}

function addDataOptions(command: Command, context: CliContext): void {
  command
    .option('--since <time>', 'only rows from then on: 30d, or a time', parseSince(context.clock))
    .option('--haproxy-log <file>', "instead of the node's own rows: log of HAProxy")
    .option('--hockeypuck-log <file>', "Hockeypuck's own log of the same time")
    .option('--nginx-log <file>', 'access log of nginx in the combined format')
    .option('--labels <file>', 'what the sources in the logs were: JSON lines, or CSV')
    .option('--site <name>', 'a name for the logs')
    .option('--table <file>', 'instead of both: CSV with a header')
    .option('--label <column>', 'column of the class in the table')
    .option('--group <column>', 'rows of one group are never on both sides of a validation')
    .option('--drop <column>', 'leave this column out; repeatable', collect)
    .option('--positive <class>', 'of two classes, the one whose probability is the score')
    .option('--synthetic', 'say in the manifest that the data is generated')
}

function addModelOptions(command: Command): void {
  command
    .addOption(
      new Option('--model <kind>', 'default: stack, of a table gradient-boosting').choices(
        JOB_MODELS
      )
    )
    .option('--params <json>', 'hyper-parameters, as for netminder train', parseParams)
    .option('--cv <folds>', 'grouped:K judges by K folds', parseFolds)
    .option('--search <n>', 'random draws of hyper-parameters', parseWholeNumber(0, SEARCH_MAX))
    .addOption(
      new Option('--calibration <kind>', 'how scores become probabilities').choices([
        'none',
        'temperature',
        'isotonic'
      ])
    )
    .option('--false-positives <share>', 'budget that the threshold keeps', parseShare)
    .option('--seed <n>', 'for everything that is drawn', parseWholeNumber(0, SEED_MAX))
    .option('--reason <text>', 'why, for the audit')
    .option('--detach', 'do not wait until it has ended')
}

async function train(
  name: string,
  options: TrainOptions,
  command: Command,
  context: CliContext
): Promise<void> {
  const places = placesOf(command)
  const client = connect(places)
  const { signal, io } = context
  const body: Body = {
    ...{ name, data: dataOf(options) },
    ...given(options, ['model', 'search', 'calibration', 'seed', 'reason']),
    ...(options.params === undefined ? {} : { params: { ...options.params } }),
    ...(options.cv === undefined ? {} : { folds: options.cv }),
    ...(options.falsePositives === undefined ? {} : { false_positives: options.falsePositives })
  }
  const job = await client.call('train', { body }, { signal })
  const ended = options.detach === true ? job : await followTraining(job, client, context)
  await print(io, places.output, { value: ended, asTable: () => jobText(ended) })
  if (options.detach === true)
    io.talk(`"netminder models jobs show ${job.id}" shows how far it is.`)
  requireDone(ended)
}

/** What has failed is said, and is no success of the command. */
function requireDone({ state, failure }: Training): void {
  if (state !== 'failed' && state !== 'cancelled') return
  const why = failure === null ? 'it was cancelled' : `${failure.message} (${failure.code})`
  throw new CliError('CLI_FAULT_FOUND', `no model came out: ${why}`)
}

function dataOf(options: TrainOptions): Body['data'] {
  const { table, label, haproxyLog, hockeypuckLog, nginxLog, labels, synthetic } = options
  const logs = [haproxyLog, hockeypuckLog, nginxLog].filter((path) => path !== undefined)
  if (table !== undefined) {
    if (
      logs.length > 0 ||
      labels !== undefined ||
      options.since !== undefined ||
      label === undefined
    ) {
      throw new CliError('CLI_USAGE', 'expected --label with --table, and neither logs nor --since')
    }
    const { group, positive, drop = [] } = options
    return {
      ...{ kind: 'table', path: resolve(table), label, drop: [...drop] },
      ...given({ group, positive }, ['group', 'positive']),
      synthetic: synthetic === true
    }
  }
  if (logs.length > 0) {
    if (labels === undefined || options.since !== undefined) {
      throw new CliError('CLI_USAGE', 'expected --labels with logs, and no --since')
    }
    const path = (file: string | undefined) => (file === undefined ? undefined : resolve(file))
    const files = {
      haproxy: path(haproxyLog),
      hockeypuck: path(hockeypuckLog),
      nginx: path(nginxLog)
    }
    return {
      ...{ kind: 'logs', labels: resolve(labels), synthetic: synthetic === true },
      ...given(files, ['haproxy', 'hockeypuck', 'nginx']),
      ...given(options, ['site'])
    }
  }
  if (labels !== undefined || label !== undefined) {
    throw new CliError('CLI_USAGE', 'expected --labels with a log, and --label with --table')
  }
  return { kind: 'labels', ...given(options, ['since']) }
}

const ID = 'id of a training, as netminder models jobs list shows it'

export function addModelsJobs(parent: Command, context: CliContext): void {
  const jobs = noun(parent, 'jobs', 'trainings that wait, run or have ended')
  leaf(jobs.command('list'), {
    summary: 'list trainings, newest first',
    examples: [['models jobs list --limit 5', 'the last five']]
  })
    .option('--limit <n>', 'at most so many', parseWholeNumber(1, 1_000), 100)
    .action(async ({ limit }: { readonly limit: number }, command: Command) => {
      const places = placesOf(command)
      const { io, signal, clock } = context
      const client = connect(places)
      const items = firstItems(
        allItems((page) => client.call('listTrainings', { query: page }, { signal })),
        limit
      )
      await printItems(io, places.output, {
        ...{ items, table: jobColumns(clock.nowMs()) },
        empty: 'No training: "netminder models train" makes one.'
      })
    })
  leaf(jobs.command('show'), {
    summary: 'show a training: how far it is, what it takes, and what came of it',
    examples: [['models jobs show 01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b21', 'one of the list']]
  })
    .argument('<id>', ID)
    .option('--follow', 'wait until it has ended')
    .action(async (id: string, { follow }: { readonly follow?: true }, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const job = await client.call('showTraining', { params: { id } }, { signal })
      const shown = follow === true ? await followTraining(job, client, context) : job
      await print(io, places.output, { value: shown, asTable: () => jobText(shown) })
    })
  leaf(jobs.command('cancel'), {
    summary: 'cancel a training that waits or runs',
    examples: [['models jobs cancel 01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b21', 'at once']]
  })
    .argument('<id>', ID)
    .option('--reason <text>', 'why, for the audit')
    .action(async (id: string, options: { readonly reason?: string }, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const input = { params: { id }, query: given(options, ['reason']) }
      const job = await connect(places).call('cancelTraining', input, { signal })
      await print(io, places.output, {
        value: job,
        asTable: () => renderTable([job], jobColumns(context.clock.nowMs()), io.columns)
      })
    })
}
