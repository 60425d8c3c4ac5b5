/** `netminder alerts`: what operators warn each other of. */
import { type Command, Option } from 'commander'
import type { OperationInput, OperationResponse } from '../../api/index.ts'
import { formatDuration } from '../../base/index.ts'
import { CATEGORIES, type Category } from '../../detection/index.ts'
import {
  collectPrefix,
  leaf,
  noun,
  parsePrefixOption,
  parseSince,
  parseWholeNumber,
  placesOf
} from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect, firstItems } from '../node-client.ts'
import { type Column, plain, print, printItems, relativeTime, utcTime } from '../output.ts'
import { findNetwork } from './network.ts'

type Alert = OperationResponse<'listAlerts'>['items'][number]
type Severity = NonNullable<OperationInput<'sendAlert'>['body']['severity']>

const SEVERITIES = ['low', 'medium', 'high', 'critical']

export function addAlertsCommand(program: Command, context: CliContext): void {
  const alerts = noun(program, 'alerts', 'what operators warn each other of')
  addList(alerts, context)
  addSend(alerts, context)
  addWatch(alerts, context)
}

interface ListOptions {
  readonly network?: string
  readonly about?: string
  readonly since?: string
  readonly severity?: Severity
  readonly limit: number
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list warnings that stand, newest first, own ones included',
    examples: [
      ['alerts list', 'of all networks'],
      ['alerts list --about 198.51.100.7 --severity high', 'about one address']
    ]
  })
    .option('--network <network>', 'name or id')
    .option('--about <prefix>', 'only those about it, or about what holds it', parsePrefixOption)
    .option(
      '--since <time>',
      'only those received since: 24h, or a time',
      parseSince(context.clock)
    )
    .addOption(new Option('--severity <severity>', 'at least so severe').choices(SEVERITIES))
    .option('--limit <count>', 'at most so many', parseWholeNumber(1, 100_000), 100)
    .action(async (options: ListOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal, clock } = context
      const client = connect(places)
      const query = {
        ...(await networkQuery(client, options.network, signal)),
        ...(options.about === undefined ? {} : { prefix: options.about }),
        ...(options.since === undefined ? {} : { since: options.since }),
        ...(options.severity === undefined ? {} : { severity: options.severity })
      }
      const all = allItems((page) =>
        client.call('listAlerts', { query: { ...query, ...page } }, { signal })
      )
      await printItems(io, places.output, {
        items: firstItems(all, options.limit),
        table: alertColumns(clock.nowMs()),
        empty: 'No warning stands.'
      })
    })
}

async function networkQuery(
  client: ReturnType<typeof connect>,
  named: string | undefined,
  signal: AbortSignal
): Promise<{ readonly network?: string }> {
  if (named === undefined) return {}
  const { items } = await client.call('listNetworks', {}, { signal })
  return { network: findNetwork(items, named).id }
}

function alertColumns(nowMs: number): readonly Column<Alert>[] {
  return [
    { title: 'SAID', value: (row) => relativeTime(row.at, nowMs) },
    { title: 'BY', value: authorOf, isFlexible: true },
    { title: 'SEVERITY', value: (row) => row.severity },
    { title: 'CATEGORY', value: (row) => row.category ?? '?' },
    { title: 'SURE', value: (row) => `${Math.round(row.confidence * 100)} %` },
    { title: 'ENDS', value: (row) => relativeTime(row.until, nowMs) },
    { title: 'ABOUT', value: (row) => row.prefixes.join(' '), isFlexible: true }
  ]
}

function authorOf(alert: Pick<Alert, 'is_own' | 'author_name' | 'author'>): string {
  if (alert.is_own) return 'this node'
  const key = alert.author.slice(0, 12)
  return alert.author_name === null || alert.author_name === ''
    ? key
    : `${alert.author_name} (${key})`
}

interface SendOptions {
  readonly about: readonly string[]
  readonly category: Category
  readonly severity: Severity
  readonly network?: string
  readonly ttl: number
  readonly reason: string
}

function addSend(parent: Command, context: CliContext): void {
  leaf(parent.command('send'), {
    summary: 'warn the other operators of addresses',
    examples: [
      ['alerts send --about 198.51.100.7 --category scanner', 'for an hour, in all networks'],
      [
        'alerts send --about 198.51.100.0/24 --category http-flood --severity critical --ttl 21600 --reason "seen in the log of the router"',
        'the reason stays in the own audit'
      ]
    ]
  })
    .requiredOption('--about <prefix>', 'address or prefix; may be repeated', collectPrefix)
    .addOption(
      new Option('--category <category>', 'what they do')
        .choices(CATEGORIES)
        .makeOptionMandatory(true)
    )
    .addOption(
      new Option('--severity <severity>', 'how bad it is').choices(SEVERITIES).default('high')
    )
    .option('--network <network>', 'name or id (default: all)')
    .option('--ttl <seconds>', 'how long it stands', parseWholeNumber(60, 86_400), 3_600)
    .option('--reason <text>', 'why, for the audit; not told', '')
    .action(async (options: SendOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const body = {
        ...(await networkQuery(client, options.network, signal)),
        prefixes: [...options.about],
        category: options.category,
        severity: options.severity,
        ttl_s: options.ttl,
        reason: options.reason
      }
      const { items } = await client.call('sendAlert', { body }, { signal })
      if (items.length === 0) {
        throw new CliError('CLI_INPUT_INVALID', 'this node is in no network: nobody was told')
      }
      await print(io, places.output, {
        value: items,
        asTable: () => items.map(({ network, id }) => `${network}  ${id}\n`).join('')
      })
    })
}

function addWatch(parent: Command, context: CliContext): void {
  leaf(parent.command('watch'), {
    summary: 'show warnings as they arrive, until Ctrl-C',
    examples: [
      ['alerts watch', 'one line for each'],
      ['alerts watch --output json', 'one JSON object a line, for a program']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal } = context
    try {
      for await (const event of connect(places).events({ signal })) {
        const { alert } = event.data as { readonly alert?: Alert }
        if (alert === undefined) continue
        await io.write(
          `${places.output === 'json' ? JSON.stringify(event) : describeAlert(alert)}\n`
        )
      }
    } catch (error) {
      // The connection that Ctrl-C cuts may end in whatever error.
      if (!signal.aborted) throw error
    }
    if (!signal.aborted) {
      throw new CliError('CLI_STREAM_ENDED', 'the node ended the stream; is it stopping?')
    }
  })
}

const NAMED_PREFIXES = 3

/** One line for a person. */
export function describeAlert(alert: Alert): string {
  const { severity, category, at, until, prefixes } = alert
  const more = prefixes.length - NAMED_PREFIXES
  const about = prefixes.slice(0, NAMED_PREFIXES).join(' ') + (more > 0 ? ` and ${more} more` : '')
  const duration = formatDuration(Date.parse(until) - Date.parse(at))
  return plain(
    `${utcTime(at)}  ${severity} ${category ?? 'unknown category'}: ${about}, for ${duration}, by ${authorOf(alert)}`
  )
}
