/** `netminder mode`: whether decisions are applied, or only shown. */
import { type Command, Option } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { CATEGORIES, type Category } from '../../detection/index.ts'
import { leaf, noun, parseSince, placesOf, readPlaces } from '../command-parts.ts'
import { confirm } from '../confirm.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { print, renderJson } from '../output.ts'
import { findNodeChampion } from '../replay/node-champion.ts'
import { entriesOf } from './list-parts.ts'
import { modeText } from './mode-text.ts'
import { replayFigures, replayText } from './replay-figures.ts'
import { renderShadowReport } from './shadow-report-text.ts'
import { NO_ACTUATOR } from './status.ts'

type ModeSettings = OperationResponse<'showMode'>

export function addModeCommand(program: Command, context: CliContext): void {
  const mode = noun(program, 'mode', 'whether decisions are applied, or only shown')
  addShow(mode, context)
  addShadow(mode, context)
  addEnforce(mode, context)
  addUndo(mode, context)
}

function addShow(parent: Command, context: CliContext): void {
  leaf(parent.command('show'), {
    summary: 'show which categories are enforced',
    examples: [['mode show', 'now']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const settings = await connect(places).call('showMode', {}, { signal: context.signal })
    await print(context.io, places.output, {
      value: settings,
      asTable: () => `${modeText(settings)}\n`
    })
  })
}

interface ChangeOptions {
  readonly category?: Category
  readonly reason: string
}

function changeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--category <category>', 'only for this category (default: everything)').choices(
        CATEGORIES
      )
    )
    .option('--reason <text>', 'why, for the audit', '')
}

function addShadow(parent: Command, context: CliContext): void {
  changeOptions(
    leaf(parent.command('shadow'), {
      summary: 'apply nothing more and end what the node has applied; decide and show on',
      examples: [
        ['mode shadow', 'everything: the one step back from enforce'],
        ['mode shadow --category harvesting', 'this category only']
      ]
    })
  ).action(async (options: ChangeOptions, command: Command) => {
    const places = placesOf(command)
    const body = bodyOf('shadow', options)
    const settings = await connect(places).call('setMode', { body }, { signal: context.signal })
    await print(context.io, places.output, {
      value: settings,
      asTable: () => `${modeText(settings)}\n`
    })
  })
}

interface EnforceOptions extends ChangeOptions {
  readonly since?: string
  readonly yes?: true
}

function addEnforce(parent: Command, context: CliContext): void {
  changeOptions(
    leaf(parent.command('enforce'), {
      summary: 'show what would have been blocked, ask once, and apply decisions from now on',
      examples: [
        ['mode enforce', 'everything'],
        ['mode enforce --category scanner --since 7d', 'one category, after a look at a week'],
        ['mode enforce --yes --reason "report looked clean"', 'from a script']
      ]
    })
  )
    .option(
      '--since <time>',
      'beginning of the report: 24h, 7d, or 2026-01-31T00:00:00Z (default: 24h)',
      parseSince(context.clock)
    )
    .option('--yes', 'do not ask')
    .action(async (options: EnforceOptions, command: Command) => {
      const places = placesOf(command)
      const client = connect(places)
      const { io, signal, clock } = context
      const query = options.since === undefined ? {} : { since: options.since }
      const report = await client.call('reportMode', { query }, { signal })
      const text = renderShadowReport(report, {
        category: options.category,
        columns: io.columns,
        nowMs: clock.nowMs()
      })
      const allow: string[] = []
      for await (const { prefix } of entriesOf(client, 'allowlist', signal)) allow.push(prefix)
      const { config } = readPlaces(places)
      const node = await client.call('showStatus', {}, { signal })
      const findModel = () => findNodeChampion(client, signal)
      const how = { category: options.category, allow, node, findModel }
      const replay = await replayFigures(config, how, context)
      const shown = `${text}\n${replayText(replay, io.columns)}`
      if (places.output === 'table') await io.write(`${shown}\n`)
      else io.talk(shown)
      const { items } = await client.call('listActuators', {}, { signal })
      if (items.length === 0) io.talk(NO_ACTUATOR)
      if (options.yes !== true) {
        await confirm(io, `Enforce ${options.category ?? 'everything'} from now on?`, signal)
      }
      const body = bodyOf('enforce', options)
      const mode = await client.call('setMode', { body }, { signal })
      await io.write(
        places.output === 'json'
          ? renderJson({ report, replay: typeof replay === 'string' ? null : replay, mode })
          : `${modeText(mode)}\n`
      )
      io.talk(undoText(options))
    })
}

function addUndo(parent: Command, context: CliContext): void {
  leaf(parent.command('undo'), {
    summary: 'bring back the mode before the last change',
    examples: [['mode undo', 'whatever the last change was']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const settings = await connect(places).call('undoMode', {}, { signal: context.signal })
    await print(context.io, places.output, {
      value: settings,
      asTable: () => `${modeText(settings)}\n`
    })
  })
}

function bodyOf(mode: ModeSettings['overall'], options: ChangeOptions) {
  return {
    mode,
    reason: options.reason,
    ...(options.category === undefined ? {} : { category: options.category })
  }
}

function undoText(options: ChangeOptions): string {
  const category = options.category === undefined ? '' : ` --category ${options.category}`
  return `To go back: netminder mode shadow${category}`
}
