/** `netminder token`: who else may ask the API, and for what. */
import { type Command, Option } from 'commander'
import { type OperationResponse, TOKEN_SCOPES, type TokenScope } from '../../api/index.ts'
import { leaf, noun, parseEnd, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { type Column, endTime, print, relativeTime, renderTable } from '../output.ts'

type Token = OperationResponse<'listTokens'>['items'][number]

export function addTokenCommand(program: Command, context: CliContext): void {
  const token = noun(program, 'token', 'who else may ask the API, and for what')
  addCreate(token, context)
  addList(token, context)
  addRevoke(token, context)
}

interface CreateOptions {
  readonly scope: TokenScope
  readonly expires?: string
}

function addCreate(parent: Command, context: CliContext): void {
  leaf(parent.command('create'), {
    summary: 'make a token and print it, this once',
    examples: [
      ['token create grafana --expires 365d > grafana.token', 'may read, for a year'],
      ['token create duty --scope respond', 'may block and lift too']
    ]
  })
    .argument('<name>', 'unique; stands in the audit as token:NAME')
    .addOption(
      new Option('--scope <scope>', 'what it may do; admin includes all, the others include read')
        .choices(TOKEN_SCOPES)
        .default('read')
    )
    .option(
      '--expires <time>',
      'when it ends: 30d, or 2027-01-31T00:00:00Z (default: never)',
      parseEnd(context.clock)
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const places = placesOf(command)
      const body = { name, scope: options.scope, expires_at: options.expires ?? null }
      const { io, signal } = context
      const made = await connect(places).call('createToken', { body }, { signal })
      await print(io, places.output, { value: made, asTable: () => `${made.token}\n` })
      io.talk(
        `Token "${name}" (${made.item.scope}) is not shown again; keep it in a file that only its user may read (--token-file).`
      )
    })
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list tokens; their texts are not kept',
    examples: [['token list', 'with last use']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal, clock } = context
    const { items } = await connect(places).call('listTokens', {}, { signal })
    await print(io, places.output, {
      value: items,
      asTable: () => renderTable(items, tokenColumns(clock.nowMs()), io.columns)
    })
  })
}

function tokenColumns(nowMs: number): readonly Column<Token>[] {
  return [
    { title: 'NAME', value: (row) => row.name },
    { title: 'SCOPE', value: (row) => row.scope },
    {
      title: 'EXPIRES',
      value: (row) =>
        row.revoked_at === null
          ? endTime(row.expires_at, nowMs)
          : `revoked ${relativeTime(row.revoked_at, nowMs)}`
    },
    { title: 'LAST USED', value: (row) => relativeTime(row.last_used_at, nowMs) },
    { title: 'MADE', value: (row) => relativeTime(row.created_at, nowMs) },
    { title: 'BY', value: (row) => row.created_by },
    { title: 'ID', value: (row) => row.id, isFlexible: true }
  ]
}

function addRevoke(parent: Command, context: CliContext): void {
  leaf(parent.command('revoke'), {
    summary: 'end a token at once',
    examples: [['token revoke grafana', 'by name or id']]
  })
    .argument('<name>', 'name or id of the token')
    .action(async (name: string, _options: unknown, command: Command) => {
      const client = connect(placesOf(command))
      const { io, signal } = context
      const { items } = await client.call('listTokens', {}, { signal })
      const named = items.find((token) => token.name === name && token.revoked_at === null)
      await client.call('revokeToken', { params: { id: named?.id ?? name } }, { signal })
      io.talk(`Revoked "${name}".`)
    })
}
