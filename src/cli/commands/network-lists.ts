/** `netminder network lists` and `netminder blocklist publish`: the lists that operators show each other. */
import type { Command } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { leaf, parsePrefixOption, parseWholeNumber, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect, firstItems } from '../node-client.ts'
import { type Column, print, printItems, relativeTime, renderTable } from '../output.ts'
import { askNetwork } from './find-network.ts'
import { describeRefusal } from './told-text.ts'

type Listed = OperationResponse<'listPublishedLists'>['items'][number]
type Published = OperationResponse<'publishBlocklist'>['items'][number]

async function networkQuery(
  client: ReturnType<typeof connect>,
  named: string | undefined,
  signal: AbortSignal
): Promise<{ readonly network?: string }> {
  return named === undefined ? {} : { network: (await askNetwork(client, named, signal)).id }
}

interface ListsOptions {
  readonly network?: string
  readonly about?: string
  readonly limit: number
}

export function addListsCommand(parent: Command, context: CliContext): void {
  leaf(parent.command('lists'), {
    summary: 'list what nodes have in the blocklists that they publish; it has no effect here',
    examples: [
      ['network lists', 'of all networks, own entries included'],
      ['network lists --about 198.51.100.7', 'who lists one address']
    ]
  })
    .option('--network <network>', 'name or id')
    .option('--about <prefix>', 'only what lies within it, or holds it', parsePrefixOption)
    .option('--limit <count>', 'at most so many', parseWholeNumber(1, 1_000_000), 1_000)
    .action(async (options: ListsOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal, clock } = context
      const client = connect(places)
      const query = {
        ...(await networkQuery(client, options.network, signal)),
        ...(options.about === undefined ? {} : { prefix: options.about })
      }
      const all = allItems((page) =>
        client.call('listPublishedLists', { query: { ...query, ...page } }, { signal })
      )
      await printItems(io, places.output, {
        items: firstItems(all, options.limit),
        table: listedColumns(clock.nowMs()),
        empty: 'Nobody publishes a list.'
      })
    })
}

function listedColumns(nowMs: number): readonly Column<Listed>[] {
  return [
    { title: 'PREFIX', value: (row) => row.prefix, isFlexible: true },
    { title: 'BY', value: authorOf, isFlexible: true },
    { title: 'LIST', value: (row) => `${row.list} ${row.version}` },
    { title: 'SINCE', value: (row) => relativeTime(row.since, nowMs) },
    { title: 'ENDS', value: (row) => relativeTime(row.until, nowMs) }
  ]
}

function authorOf({ is_own: isOwn, author, author_name: name }: Listed): string {
  if (isOwn) return 'this node'
  const key = author.slice(0, 12)
  return name === null || name === '' ? key : `${name} (${key})`
}

export function addPublishCommand(parent: Command, context: CliContext): void {
  leaf(parent.command('publish'), {
    summary: 'tell the networks the blocklist, without its notes; again tells what has changed',
    examples: [
      ['blocklist publish', 'in all networks'],
      ['blocklist publish --network north', 'in one']
    ]
  })
    .option('--network <network>', 'name or id (default: all)')
    .action(async (options: { readonly network?: string }, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const body = await networkQuery(client, options.network, signal)
      const { items, refused } = await client.call('publishBlocklist', { body }, { signal })
      if (items.length === 0) {
        throw new CliError('CLI_INPUT_INVALID', 'this node is in no network: nobody was told')
      }
      await print(io, places.output, {
        value: items,
        asTable: () => renderTable(items, publishedColumns, io.columns)
      })
      for (const refusal of refused) io.talk(describeRefusal(refusal))
      io.talk(describePublished(items))
    })
}

export function describePublished(items: readonly Pick<Published, 'entries'>[]): string {
  const leftOut = 'What is private or protected here is left out.'
  return items.some(({ entries }) => entries > 0)
    ? `${leftOut} It stands for 30 days, and is said anew.`
    : `${leftOut} No entry is published: none is on the blocklist that could be told.`
}

const publishedColumns: readonly Column<Published>[] = [
  { title: 'NETWORK', value: (row) => row.network },
  { title: 'VERSION', value: (row) => String(row.version) },
  { title: 'ENTRIES', value: (row) => String(row.entries) },
  { title: 'ADDED', value: (row) => String(row.added) },
  { title: 'REMOVED', value: (row) => String(row.removed) },
  { title: 'WAITING', value: (row) => String(row.waiting) }
]
