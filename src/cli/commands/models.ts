/** `netminder models`: the models of the running node, and who of them answers. */
import { type Command, Option } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { MODEL_STAGES } from '../../registry/index.ts'
import { given, leaf, noun, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { type LivePerformance, liveLines } from '../models/live-text.ts'
import { readPackage, writePackageFile } from '../models/package-files.ts'
import { gateText } from '../models/training-text.ts'
import { connect } from '../node-client.ts'
import { type Column, plain, print, relativeTime, renderTable, utcTime } from '../output.ts'
import { addModelsJobs, addModelsTrain } from './models-train.ts'

type Model = OperationResponse<'listModels'>['items'][number]
type Detail = OperationResponse<'showModel'>

export function addModelsCommand(program: Command, context: CliContext): void {
  const models = noun(program, 'models', 'the models of the node, and which of them answer')
  addList(models, context)
  addShow(models, context)
  addDeploy(models, context)
  addRollback(models, context)
  addImport(models, context)
  addExport(models, context)
  addModelsTrain(models, context)
  addModelsJobs(models, context)
}

const ID = 'name@version, as netminder models list shows it'

function reasonOption(command: Command): Command {
  return command.option('--reason <text>', 'why, for the audit')
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list the models, newest first',
    examples: [
      ['models list', 'all of them'],
      ['models list --stage champion --output json', 'those that answer, for a program']
    ]
  })
    .option('--task <task>', 'only those of this task')
    .addOption(new Option('--stage <stage>', 'only those in this stage').choices(MODEL_STAGES))
    .action(
      async (
        options: { readonly task?: string; readonly stage?: Model['stage'] },
        command: Command
      ) => {
        const places = placesOf(command)
        const { io, signal, clock } = context
        const query = given(options, ['task', 'stage'])
        const { items } = await connect(places).call('listModels', { query }, { signal })
        await print(io, places.output, {
          value: items,
          asTable: () => renderTable(items, modelColumns(clock.nowMs()), io.columns)
        })
        if (items.length === 0) io.talk('No model: the rules judge alone.')
      }
    )
}

function modelColumns(nowMs: number): readonly Column<Model>[] {
  return [
    { title: 'MODEL', value: ({ id }) => id },
    { title: 'TASK', value: ({ task }) => task },
    {
      title: 'STAGE',
      value: ({ stage, problem }) => (problem === null ? stage : `${stage} (unusable)`)
    },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'ORIGIN', value: ({ origin }) => origin },
    { title: 'CHANGED', value: (row) => relativeTime(row.updated_at, nowMs) },
    { title: 'NOTES', value: ({ notes }) => notes || '-', isFlexible: true }
  ]
}

function addShow(parent: Command, context: CliContext): void {
  leaf(parent.command('show'), {
    summary: 'show a model, what it was trained on, what came of it, and what happened to it',
    examples: [
      ['models show behaviour@1', 'with its measures and its history'],
      ['models show behaviour@2', 'of one in shadow also what it would have done otherwise']
    ]
  })
    .argument('<model>', ID)
    .action(async (id: string, _options: unknown, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const params = { model_id: id }
      const client = connect(places)
      const detail = await client.call('showModel', { params }, { signal })
      const { items } = await client.call('showPerformance', { query: { model: id } }, { signal })
      const live = items[0]?.live ?? null
      const value = { ...detail, live }
      await print(io, places.output, { value, asTable: () => detailText(detail, live) })
    })
}

function detailText({ model, manifest, history }: Detail, live: LivePerformance): string {
  const steps = Object.entries(model.thresholds).map(([step, from]) => `${step} from ${from}`)
  const lines = [
    ['Model', `${model.id} (${model.kind}, ${model.origin})`],
    ['Task', model.task],
    ['Stage', model.stage],
    ...(model.problem === null ? [] : [['Unusable', model.problem]]),
    ['Thresholds', steps.join(', ') || 'none'],
    ['Notes', model.notes || '-'],
    ['SHA-256', model.sha256],
    ['Revision', String(model.revision)],
    ...measures(manifest),
    ...liveLines(live)
  ]
  const facts = lines.map(([title = '', text = '']) => `${`${title}:`.padEnd(13)}${plain(text)}\n`)
  const past = history.map((event) => {
    const stages = `${event.stage_before ?? '-'} → ${event.stage_after ?? '-'}`
    const why = event.reason === '' ? '' : `: ${event.reason}`
    return plain(`  ${utcTime(event.at)}  ${event.action} (${stages}) by ${event.actor}${why}`)
  })
  return `${facts.join('')}\nHistory, newest first:\n${past.join('\n')}\n${gateText(metricsOf(manifest)?.['gate'])}`
}

function metricsOf(manifest: Detail['manifest']): Readonly<Record<string, unknown>> | undefined {
  const metrics = manifest?.['metrics']
  if (typeof metrics !== 'object' || metrics === null) return undefined
  return metrics as Readonly<Record<string, unknown>>
}

function measures(manifest: Detail['manifest']): string[][] {
  const numbers = Object.entries(metricsOf(manifest) ?? {}).filter(
    ([, value]) => typeof value === 'number'
  )
  if (numbers.length === 0) return []
  return [['Measures', numbers.map(([name, value]) => `${name} ${value}`).join(', ')]]
}

function addDeploy(parent: Command, context: CliContext): void {
  reasonOption(
    leaf(parent.command('deploy'), {
      summary:
        'move a model to a stage; the champion of its task from this moment on if none is named',
      examples: [
        ['models deploy base@1.1.0 --stage shadow', 'see beside the champion what it would do'],
        ['models deploy base@1.1.0 --stage canary', 'let it judge a share of the addresses'],
        ['models deploy base@1.1.0 --reason "a week in shadow without a fault"', 'let it answer']
      ]
    })
      .argument('<model>', ID)
      .addOption(
        new Option('--stage <stage>', 'where it goes').choices(MODEL_STAGES).default('champion')
      )
      .option('--force', 'although it failed the gate of its training; --reason says why')
  ).action(
    async (
      id: string,
      options: {
        readonly stage: Model['stage']
        readonly reason?: string
        readonly force?: true
      },
      command: Command
    ) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const params = { model_id: id }
      const { model } = await client.call('showModel', { params }, { signal })
      const query = { task: model.task, stage: 'champion' } as const
      const { items: before } = await client.call('listModels', { query }, { signal })
      // Whoever changed it since it was read here is not overruled.
      const ifMatch = `"${model.revision}"`
      const body = { stage: options.stage, ...given(options, ['reason', 'force']) }
      const changed = await client.call('changeModel', { params, body }, { signal, ifMatch })
      await printModel(context, places.output, changed)
      const talk = stageTalk(
        changed,
        before.some((champion) => champion.id !== id)
      )
      if (talk !== undefined) io.talk(talk)
    }
  )
}

/** What follows from the stage. */
function stageTalk({ id, task, stage }: Model, hasEarlier: boolean): string | undefined {
  switch (stage) {
    case 'champion': {
      const answers = `${id} answers for ${task}`
      return hasEarlier
        ? `${answers}; "netminder models rollback --task ${task}" undoes it.`
        : `${answers}. It is the first one, so that there is none to roll back to.`
    }
    case 'canary':
      return `${id} judges its share of the addresses; "netminder models show ${id}" says what comes of it.`
    case 'shadow':
      return `${id} sees what the champion sees and decides nothing; "netminder models show ${id}" compares them.`
    default:
      return undefined
  }
}

function addRollback(parent: Command, context: CliContext): void {
  reasonOption(
    leaf(parent.command('rollback'), {
      summary: 'bring the champion before this one back, at once',
      examples: [['models rollback --reason "too many false alarms"', 'and say why']]
    }).option('--task <task>', 'whose champion (default: behaviour)')
  ).action(
    async (options: { readonly task?: string; readonly reason?: string }, command: Command) => {
      const places = placesOf(command)
      const body = given(options, ['task', 'reason'])
      const { signal } = context
      const model = await connect(places).call('rollbackModel', { body }, { signal })
      await printModel(context, places.output, model)
      context.io.talk(`${model.id} answers for ${model.task} again.`)
    }
  )
}

function addImport(parent: Command, context: CliContext): void {
  reasonOption(
    leaf(parent.command('import'), {
      summary: 'give the node a package; it is checked, and kept as a candidate',
      examples: [
        ['models import ./abuse --unsigned', 'a folder that netminder train made'],
        ['models import base-1.1.0.tar', 'what netminder models export wrote']
      ]
    })
      .argument('<package>', 'folder or tar of a package; - reads a tar from standard input')
      .option('--unsigned', 'take it without a signature: you answer for where it comes from')
  ).action(
    async (
      path: string,
      options: { readonly unsigned?: true; readonly reason?: string },
      command: Command
    ) => {
      const places = placesOf(command)
      const upload = await readPackage(path, context.io.stdin)
      const query = { unsigned: options.unsigned === true, ...given(options, ['reason']) }
      const { signal } = context
      const model = await connect(places).call('installModel', { query }, { signal, upload })
      await printModel(context, places.output, model)
      context.io.talk(`${model.id} is a candidate; "netminder models deploy" lets it answer.`)
    }
  )
}

function addExport(parent: Command, context: CliContext): void {
  leaf(parent.command('export'), {
    summary: 'write the package of a model to a tar',
    examples: [
      ['models export base@1.0.0', 'to base-1.0.0.tar'],
      ['models export base@1.0.0 --file /var/backups/base.tar', 'to another place']
    ]
  })
    .argument('<model>', ID)
    .option('--file <file>', 'where to; it must not be there yet')
    .action(async (id: string, options: { readonly file?: string }, command: Command) => {
      const file = options.file ?? `${id.replace('@', '-')}.tar`
      const client = connect(placesOf(command))
      const { io, signal } = context
      const bytes = client.download('exportModel', { model_id: id }, { signal })
      const length = await writePackageFile(file, bytes)
      io.talk(`Wrote ${length} bytes to ${file}.`)
    })
}

async function printModel(
  { io, clock }: CliContext,
  output: 'table' | 'json',
  model: Model
): Promise<void> {
  await print(io, output, {
    value: model,
    asTable: () => renderTable([model], modelColumns(clock.nowMs()), io.columns)
  })
}
