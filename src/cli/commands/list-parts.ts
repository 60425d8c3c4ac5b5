/** What the operator's two lists have in common. */
import type { Command } from 'commander'
import type { ApiClient, OperationResponse } from '../../api/index.ts'
import { leaf, parseEnd, parsePrefixOption, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { allItems, connect } from '../node-client.ts'
import { type Column, endTime, printItems, relativeTime } from '../output.ts'

export type ListEntry = OperationResponse<'addToAllowlist'>
export type ListName = 'allowlist' | 'blocklist'

/** The entries of a list, one after the other. */
export function entriesOf(
  client: ApiClient,
  list: ListName,
  signal: AbortSignal
): AsyncGenerator<ListEntry> {
  return list === 'allowlist'
    ? allItems((query) => client.call('listAllowlist', { query }, { signal }))
    : allItems((query) => client.call('listBlocklist', { query }, { signal }))
}

export function entryColumns(nowMs: number): readonly Column<ListEntry>[] {
  return [
    { title: 'PREFIX', value: (row) => row.prefix },
    { title: 'ENDS', value: (row) => endTime(row.until, nowMs) },
    { title: 'ADDED', value: (row) => relativeTime(row.created_at, nowMs) },
    { title: 'BY', value: (row) => row.added_by },
    { title: 'NOTE', value: (row) => row.note, isFlexible: true }
  ]
}

export function addListCommand(parent: Command, list: ListName, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: `list the entries of the ${list}`,
    examples: [
      [`${list} list`, 'for a person'],
      [`${list} list --output json`, 'for a program']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    await printItems(context.io, places.output, {
      items: entriesOf(connect(places), list, context.signal),
      table: entryColumns(context.clock.nowMs()),
      empty: `The ${list} is empty.`
    })
  })
}

/** `add` and `remove` of a list begin alike. */
export function entryCommand(
  parent: Command,
  verb: 'add' | 'remove',
  text: Parameters<typeof leaf>[1]
): Command {
  return leaf(parent.command(verb), text).argument(
    '<prefix>',
    'address, or prefix such as 192.0.2.0/24',
    parsePrefixOption
  )
}

export interface AddOptions {
  readonly note: string
  readonly until?: string
}

export function addEntryOptions(command: Command, context: CliContext): Command {
  return command
    .option('--note <text>', 'why, for whoever reads the list', '')
    .option(
      '--until <time>',
      'end of the entry: 2h, 30d, or 2027-01-31T00:00:00Z (default: until it is removed)',
      parseEnd(context.clock)
    )
}
