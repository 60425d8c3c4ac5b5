/** `netminder alerts`: what operators warn each other of. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { OperationInput, OperationResponse, ServerSentEvent } from '../../api/index.ts'
import { formatDuration } from '../../base/index.ts'
import { CATEGORIES, type Category } from '../../detection/index.ts'
import {
  collectPrefix,
  leaf,
  noun,
  parseDuration,
  parsePrefixOption,
  parseSince,
  parseWholeNumber,
  placesOf
} from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect, firstItems } from '../node-client.ts'
import { type Column, plain, print, printItems, relativeTime, utcTime } from '../output.ts'
import { followEvents } from './follow-events.ts'
import { findNetwork } from './network.ts'
import { describeRefusal, describeUnheard } from './told-text.ts'

type Alert = OperationResponse<'listAlerts'>['items'][number]
type Severity = NonNullable<OperationInput<'sendAlert'>['body']['severity']>

const TTL_MS_MIN = 60_000
const TTL_MS_MAX = 86_400_000
const SEVERITIES = ['low', 'medium', 'high', 'critical']

export function addAlertsCommand(program: Command, context: CliContext): void {
  const alerts = noun(program, 'alerts', 'what operators warn each other of')
  addList(alerts, context)
  addSend(alerts, context)
  addRetract(alerts, context)
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
      'only those received since: 24h, or 2026-01-31T00:00:00Z',
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

/** Of 20 000 alerts no two begin with the same, but by a chance of one in a million. */
const ID_DIGITS = 12

function alertColumns(nowMs: number): readonly Column<Alert>[] {
  return [
    { title: 'ID', value: (row) => row.id.slice(0, ID_DIGITS) },
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
        'alerts send --about 198.51.100.0/24 --category http-flood --ttl 6h --reason "by hand"',
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
    .addOption(
      new Option('--ttl <duration>', 'how long it stands, from 1m to 1d')
        .argParser(parseDuration(TTL_MS_MIN, TTL_MS_MAX))
        .default(3_600_000, '1h')
    )
    .option('--reason <text>', 'why, for the audit; not told', '')
    .action(async (options: SendOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const networks = (await client.call('listNetworks', {}, { signal })).items
      const { network } = options
      const body = {
        ...(network !== undefined && { network: findNetwork(networks, network).id }),
        prefixes: [...options.about],
        category: options.category,
        severity: options.severity,
        ttl_s: Math.round(options.ttl / 1_000),
        reason: options.reason
      }
      const { items, refused } = await client.call('sendAlert', { body }, { signal })
      if (items.length === 0) {
        throw new CliError('CLI_INPUT_INVALID', 'this node is in no network: nobody was told')
      }
      await print(io, places.output, {
        value: items,
        asTable: () => items.map(({ network, id }) => `${network}  ${id}\n`).join('')
      })
      for (const refusal of refused) io.talk(describeRefusal(refusal))
      const unheard = describeUnheard(items, networks)
      if (unheard !== undefined) io.talk(unheard)
    })
}

interface RetractOptions {
  readonly network?: string
  readonly reason: string
}

function addRetract(parent: Command, context: CliContext): void {
  leaf(parent.command('retract'), {
    summary: 'take a warning of this node back',
    examples: [
      ['alerts retract 5f0c29d1a7b3', 'the id as "alerts list" shows it'],
      ['alerts retract 5f0c29d1a7b3 --reason "our own monitoring"', 'the reason stays in the audit']
    ]
  })
    .argument('<id>', 'id, or its first 8 digits or more', parseIdStart)
    .option('--network <network>', 'name or id (default: whichever it was said in)')
    .option('--reason <text>', 'why, for the audit; not told', '')
    .action(async (id: string, options: RetractOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const { reason } = options
      const body = { ...(await networkQuery(client, options.network, signal)), reason }
      const alert = await client.call('retractAlert', { params: { id }, body }, { signal })
      await print(io, places.output, {
        value: alert,
        asTable: () => `${alert.network}  ${alert.id}\n`
      })
      io.talk(`Taken back: ${describeSubject(alert)}.`)
    })
}

function parseIdStart(text: string): string {
  if (/^[0-9a-f]{8,64}$/i.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError(`expected 8 to 64 hexadecimal digits, got "${text}".`)
}

function addWatch(parent: Command, context: CliContext): void {
  leaf(parent.command('watch'), {
    summary: 'show warnings as they arrive or are taken back, until Ctrl-C',
    examples: [
      ['alerts watch', 'one line for each; goes on when the node was restarted'],
      ['alerts watch --output json', 'one JSON object a line, for a program']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal, clock } = context
    const onLost = () => io.talk('The node ended the stream; waiting until it is there again.')
    const follow = { connect: () => connect(places), clock, signal, onLost }
    for await (const event of followEvents(follow)) {
      const line = places.output === 'json' ? jsonOf(event) : describeAlertEvent(event)
      if (line !== undefined) await io.write(`${line}\n`)
    }
  })
}

/** Undefined: it is of no warning, nor that some may be missing. */
function jsonOf(event: ServerSentEvent): string | undefined {
  return event.event === 'gap' || alertIn(event) !== undefined ? JSON.stringify(event) : undefined
}

function alertIn({ data }: ServerSentEvent): Alert | undefined {
  return (data as { readonly alert?: Alert }).alert
}

/** One line for a person; undefined for what is not of warnings. */
export function describeAlertEvent(event: ServerSentEvent): string | undefined {
  if (event.event === 'gap') return '-- gap: events were lost'
  const alert = alertIn(event)
  if (alert === undefined) return undefined
  if (event.event !== 'alert.retracted') return describeAlert(alert)
  const { at } = event.data as { readonly at: string }
  return plain(`${utcTime(at)}  taken back: ${describeSubject(alert)}, by ${authorOf(alert)}`)
}

const NAMED_PREFIXES = 3

/** One line for a person. */
export function describeAlert(alert: Alert): string {
  const { at, until } = alert
  const duration = formatDuration(Date.parse(until) - Date.parse(at))
  return plain(`${utcTime(at)}  ${describeSubject(alert)}, for ${duration}, by ${authorOf(alert)}`)
}

function describeSubject({ severity, category, prefixes }: Alert): string {
  const more = prefixes.length - NAMED_PREFIXES
  const about = prefixes.slice(0, NAMED_PREFIXES).join(' ') + (more > 0 ? ` and ${more} more` : '')
  return `${severity} ${category ?? 'unknown category'}: ${about}`
}
