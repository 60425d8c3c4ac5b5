/** `netminder decisions`: what the node decided, why, and how to end it. */
import { type Command, Option } from 'commander'
import { type ApiClient, ApiError, type OperationResponse } from '../../api/index.ts'
import { findPrefix, getAddress } from '../../base/index.ts'
import { CATEGORIES } from '../../detection/index.ts'
import { given, leaf, noun, parseSince, parseWholeNumber, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect, firstItems } from '../node-client.ts'
import { type Column, endTime, plain, plural, print, printItems, relativeTime } from '../output.ts'
import { renderExplanation } from './explanation-text.ts'
import { findLines } from './find-lines.ts'
import { takenBackText } from './taken-back-text.ts'
import { addWatchCommand } from './watch.ts'

export type Decision = OperationResponse<'liftDecision'>

interface ListOptions {
  readonly all?: true
  readonly value?: string
  readonly type?: Decision['type']
  readonly category?: Decision['category']
  readonly mode?: Decision['mode']
  readonly since?: string
  readonly limit?: number
}

const LIST_LIMIT_MAX = 1_000_000

export function addDecisionsCommand(program: Command, context: CliContext): void {
  const decisions = noun(program, 'decisions', 'what was decided, why, and how to end it')
  addList(decisions, context)
  addExplain(decisions, context)
  addLift(decisions, context)
  addWatchCommand(decisions, context)
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list decisions, newest first',
    examples: [
      ['decisions list', 'everything that stands now'],
      ['decisions list --all --since 24h', 'the last day, what has ended included'],
      ['decisions list --value 198.51.100.7 --all', 'everything about one address'],
      ['decisions list --output json | jq -r .[].value', 'for a program']
    ]
  })
    .option('--all', 'those that have ended too')
    .option('--value <prefix>', 'only about this address or prefix, or one that contains it')
    .addOption(
      new Option('--type <type>', 'only of this type').choices(['ban', 'throttle', 'watch'])
    )
    .addOption(new Option('--category <category>', 'only of this category').choices(CATEGORIES))
    .addOption(
      new Option('--mode <mode>', 'only those made in this mode').choices(['shadow', 'enforce'])
    )
    .option(
      '--since <time>',
      'only those made since: 24h, 7d, or 2026-01-31T00:00:00Z',
      parseSince(context.clock)
    )
    .option('--limit <n>', 'at most so many', parseWholeNumber(1, LIST_LIMIT_MAX))
    .action(async (options: ListOptions, command: Command) => {
      const places = placesOf(command)
      const client = connect(places)
      const filters = given(options, ['value', 'type', 'category', 'mode', 'since'])
      const query = { ...filters, active: options.all !== true }
      const { signal } = context
      const items = allItems<Decision>((page) =>
        client.call('listDecisions', { query: { ...query, ...page } }, { signal })
      )
      await printItems(context.io, places.output, {
        items: options.limit === undefined ? items : firstItems(items, options.limit),
        table: decisionColumns(context.clock.nowMs()),
        empty: options.all
          ? 'There is no such decision.'
          : 'No such decision stands now; --all shows those that have ended.'
      })
    })
}

export function decisionColumns(nowMs: number): readonly Column<Decision>[] {
  return [
    { title: 'ABOUT', value: (row) => row.value },
    { title: 'TYPE', value: (row) => row.type },
    { title: 'STATE', value: (row) => row.state },
    { title: 'CATEGORY', value: (row) => row.category },
    { title: 'MADE', value: (row) => relativeTime(row.created_at, nowMs) },
    { title: 'ENDS', value: (row) => endTime(row.lifted_at ?? row.until, nowMs) },
    { title: 'WHY', value: (row) => row.reasons[0]?.text ?? '-', isFlexible: true }
  ]
}

function addExplain(parent: Command, context: CliContext): void {
  leaf(parent.command('explain'), {
    summary: 'explain everything that is known about an address, and how to undo what was done',
    examples: [
      ['decisions explain 198.51.100.7', 'why is it blocked, until when, how to end it'],
      ['decisions explain 198.51.100.7 --log /var/log/haproxy.log', 'with the lines themselves'],
      ['decisions explain 2001:db8::7 --output json', 'for a program']
    ]
  })
    .argument('<address>', 'IPv4 or IPv6 address')
    .option('--log <file>', 'log in which to find the lines that the hashes name')
    .action(async (text: string, options: { readonly log?: string }, command: Command) => {
      const places = placesOf(command)
      // An address is also what a list calls 192.0.2.1/32.
      const params = { ip: getAddress(text.replace(/\/(?:32|128)$/, '')) }
      const { io, signal } = context
      const explanation = await connect(places).call('explainAddress', { params }, { signal })
      await print(io, places.output, {
        value: explanation,
        asTable: () => renderExplanation(explanation, io.columns)
      })
      if (options.log !== undefined) await showLines(options.log, explanation, context)
    })
}

/** To standard error, so that what goes to a program stays what the contract says. */
async function showLines(
  file: string,
  explanation: OperationResponse<'explainAddress'>,
  { io, signal }: CliContext
): Promise<void> {
  const hashes = new Set(explanation.decisions.flatMap(({ decision }) => decision.line_hashes))
  const found = await findLines(file, hashes, signal)
  io.talk(`\n${found.size} of ${plural(hashes.size, 'line')} found in ${file}:`)
  for (const [digits, line] of found) io.talk(`  ${digits}  ${plain(line)}`)
}

function addLift(parent: Command, context: CliContext): void {
  leaf(parent.command('lift'), {
    summary: 'end decisions now, by id or by address',
    examples: [
      ['decisions lift 198.51.100.7 --reason "a colleague behind NAT"', 'all about this address'],
      ['decisions lift 0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d', 'this one decision']
    ]
  })
    .argument('<what>', 'id of a decision, or the address or prefix that it is about')
    .option('--reason <text>', 'why, for the audit', '')
    .action(async (what: string, options: { reason: string }, command: Command) => {
      const places = placesOf(command)
      const client = connect(places)
      const { io, signal, clock } = context
      const ids = isDecisionId(what) ? [what] : await findIds(client, what, context)
      const lifted: Decision[] = []
      for (const id of ids) {
        const input = { params: { id }, query: { reason: options.reason } }
        lifted.push(await client.call('liftDecision', input, { signal }))
      }
      await printItems(io, places.output, {
        items: fromArray(lifted),
        table: decisionColumns(clock.nowMs()),
        empty: ''
      })
      if (lifted.length > 0) {
        const told = await takenBackText(client, signal)
        io.talk(`Lifted.${told} To spare an address for good: netminder allowlist add ADDRESS`)
      }
    })
}

/** Those about the address or prefix alone; what covers it among others is only named. */
async function findIds(
  client: ApiClient,
  text: string,
  { io, signal }: CliContext
): Promise<readonly string[]> {
  const prefix = findPrefix(text)
  if (prefix === undefined) {
    throw new CliError(
      'CLI_USAGE',
      `expected the id of a decision, an address or a prefix, got "${text}"`
    )
  }
  const query = { value: prefix.text, active: true }
  const items = allItems<Decision>((page) =>
    client.call('listDecisions', { query: { ...query, ...page } }, { signal })
  )
  const ids: string[] = []
  for await (const decision of items) {
    if (findPrefix(decision.value)?.text === prefix.text) ids.push(decision.id)
    else
      io.talk(
        `${decision.value} covers ${text} among others and is left as it is; to end it for all of them: netminder decisions lift ${decision.id}`
      )
  }
  if (ids.length > 0) return ids
  throw new ApiError(
    'DECISION_NOT_FOUND',
    `expected a decision that stands about ${text} alone, got none`
  )
}

function isDecisionId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

async function* fromArray<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
