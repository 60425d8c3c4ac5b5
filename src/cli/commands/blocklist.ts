/** `netminder blocklist`: who is blocked by order of the operator. */
import { type Command, Option } from 'commander'
import { leaf, noun, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { print, printItems, renderTable } from '../output.ts'
import { addImportCommand } from './blocklist-import.ts'
import { entryLine } from './entry-line.ts'
import {
  type AddOptions,
  addEntryOptions,
  addListCommand,
  entriesOf,
  entryColumns,
  entryCommand
} from './list-parts.ts'
import { addPublishCommand } from './network-lists.ts'

export function addBlocklistCommand(program: Command, context: CliContext): void {
  const blocklist = noun(program, 'blocklist', 'who is blocked by order of the operator')
  addListCommand(blocklist, 'blocklist', context)
  addAdd(blocklist, context)
  entryCommand(blocklist, 'remove', {
    summary: 'end this block',
    examples: [['blocklist remove 203.0.113.66', 'as it was added']]
  }).action(async (prefix: string, _options: unknown, command: Command) => {
    const client = connect(placesOf(command))
    await client.call('removeFromBlocklist', { query: { prefix } }, { signal: context.signal })
    context.io.talk(`Removed ${prefix} from the blocklist; its block has ended.`)
  })
  addImportCommand(blocklist, context)
  addExport(blocklist, context)
  addPublishCommand(blocklist, context)
}

function addAdd(parent: Command, context: CliContext): void {
  addEntryOptions(
    entryCommand(parent, 'add', {
      summary: 'block this prefix now, in shadow mode too',
      examples: [
        ['blocklist add 203.0.113.66 --note "harvesting since Monday"', 'until it is removed'],
        ['blocklist add 203.0.113.0/24 --until 12h', 'for half a day']
      ]
    }),
    context
  ).action(async (prefix: string, options: AddOptions, command: Command) => {
    const places = placesOf(command)
    const { io, signal, clock } = context
    const body = { prefix, note: options.note, until: options.until ?? null }
    const added = await connect(places).call('addToBlocklist', { body }, { signal })
    await print(io, places.output, {
      value: added,
      asTable: () => renderTable([added.entry], entryColumns(clock.nowMs()), io.columns)
    })
  })
}

interface ExportOptions {
  readonly held?: 'ban' | 'throttle'
}

function addExport(parent: Command, context: CliContext): void {
  leaf(parent.command('export'), {
    summary: 'write the blocklist so that "blocklist import" reads it',
    examples: [
      ['blocklist export > blocklist.txt', 'prefix, end and note, one a line'],
      ['blocklist export --output json > blocklist.json', 'the same as JSON'],
      ['blocklist export --held ban', 'every prefix that is banned now by whatever decision']
    ]
  })
    .addOption(
      new Option(
        '--held <type>',
        'instead everything that is banned or throttled now, by whatever decision'
      ).choices(['ban', 'throttle'])
    )
    .action(async (options: ExportOptions, command: Command) => {
      const places = placesOf(command)
      const client = connect(places)
      const { io, signal } = context
      if (options.held !== undefined) {
        const query = { format: 'plain', type: options.held }
        const text = await client.text('listBlocklist', { query }, { signal })
        const prefixes = text.split('\n').filter((line) => line !== '')
        await print(io, places.output, { value: prefixes, asTable: () => text })
        return
      }
      const items = entriesOf(client, 'blocklist', signal)
      if (places.output === 'json') {
        await printItems(io, 'json', { items, table: [], empty: '' })
        return
      }
      for await (const entry of items) await io.write(`${entryLine(entry)}\n`)
    })
}
