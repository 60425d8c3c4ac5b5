/** `netminder network key|admit|authors|revoke`: who may speak in a network, by key. */
import { type Command, Option } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { collect, leaf, placesOf } from '../command-parts.ts'
import { confirm } from '../confirm.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { type Column, plain, print, relativeTime, renderTable } from '../output.ts'
import { askNetwork } from './find-network.ts'

type Author = OperationResponse<'listAuthors'>['items'][number]
type Subject = 'author' | 'invitation'

const SAMPLE_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'

export function addMemberCommands(network: Command, context: CliContext): void {
  addKey(network, context)
  addAdmit(network, context)
  addAuthors(network, context)
  addRevoke(network, context)
}

function addKey(parent: Command, context: CliContext): void {
  leaf(parent.command('key'), {
    summary: 'print the key under which this node speaks, for a founder who lets it in',
    examples: [['network key', 'send the line to the founder; it is no secret']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal } = context
    const made = await connect(places).call('makeNodeKey', {}, { signal })
    await print(io, places.output, { value: made, asTable: () => `${made.author}\n` })
    io.talk(
      'A founder lets it in by "netminder network admit NETWORK KEY"; join by what that prints.'
    )
  })
}

interface AdmitOptions {
  readonly name: string
  readonly address?: readonly string[]
}

function addAdmit(parent: Command, context: CliContext): void {
  leaf(parent.command('admit'), {
    summary: 'let in one node by its key, as a founder: prints one line of text to join by',
    examples: [
      [`network admit north ${SAMPLE_KEY} --name Alice`, 'what "network key" printed there']
    ]
  })
    .argument('<network>', 'name or id')
    .argument('<key>', '64 hexadecimal digits')
    .option('--name <name>', 'whose key it is, for the audit; not told', '')
    .option(
      '--address <multiaddr>',
      "what the node dials; may be repeated (default: this node's own addresses)",
      collect
    )
    .action(async (named: string, key: string, options: AdmitOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const { id } = await askNetwork(client, named, signal)
      const { name, address } = options
      const author = key.toLowerCase()
      const body = { author, note: name, ...(address && { addresses: [...address] }) }
      const made = await client.call('admitToNetwork', { params: { id }, body }, { signal })
      await print(io, places.output, { value: made, asTable: () => `${made.letter}\n` })
      io.talk('Only the node of this key can join by it: "netminder network join LINE".')
    })
}

function addAuthors(parent: Command, context: CliContext): void {
  leaf(parent.command('authors'), {
    summary: 'list whose word is taken in a network, and how they came',
    examples: [['network authors north', 'with the keys that "network revoke" takes']]
  })
    .argument('<network>', 'name or id')
    .action(async (named: string, _options: unknown, command: Command) => {
      const places = placesOf(command)
      const { io, signal, clock } = context
      const client = connect(places)
      const { id } = await askNetwork(client, named, signal)
      const { items } = await client.call('listAuthors', { params: { id } }, { signal })
      await print(io, places.output, {
        value: items,
        asTable: () => renderTable(items, authorColumns(clock.nowMs()), io.columns)
      })
    })
}

function authorColumns(nowMs: number): readonly Column<Author>[] {
  return [
    { title: 'NAME', value: (row) => (row.is_own ? 'this node' : row.name || '-') },
    { title: 'SINCE', value: (row) => relativeTime(row.admitted_at, nowMs) },
    { title: 'STATE', value: stateOf },
    { title: 'CAME BY', value: originOf },
    { title: 'KEY', value: (row) => row.key }
  ]
}

export function stateOf(author: Pick<Author, 'is_revoked' | 'has_left'>): string {
  if (author.is_revoked) return 'revoked'
  return author.has_left ? 'left' : 'heard'
}

function originOf({ is_founder: isFounder, invitation }: Author): string {
  if (isFounder) return 'founder'
  return invitation === null ? 'admission' : `invitation ${invitation}`
}

interface RevokeOptions {
  readonly as?: Subject
  readonly reason: string
  readonly yes?: true
}

function addRevoke(parent: Command, context: CliContext): void {
  leaf(parent.command('revoke'), {
    summary: 'put out a node, or an invitation and all who came by it, for ever',
    examples: [
      [`network revoke north ${SAMPLE_KEY} --reason stolen`, 'a key of "network authors"'],
      ['network revoke north netminder1:CnQKUggBEg5ub3J0aA', 'an invitation that got about']
    ]
  })
    .argument('<network>', 'name or id')
    .argument('<key>', 'key of the node or of the invitation, or the line of the invitation')
    .addOption(
      new Option('--as <subject>', 'which it is, where this node has heard of neither').choices([
        'author',
        'invitation'
      ])
    )
    .option('--reason <text>', 'why, told to the network', '')
    .option('--yes', 'do not ask')
    .action(async (named: string, given: string, options: RevokeOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const client = connect(places)
      const { id, name } = await askNetwork(client, named, signal)
      const { items } = await client.call('listAuthors', { params: { id } }, { signal })
      const key = given.startsWith('netminder') ? given : given.toLowerCase()
      io.talk(meaningOf(items, key, options.as))
      if (options.yes !== true) await confirm(io, `Revoke it in "${plain(name)}"?`, signal)
      const { as: subject, reason } = options
      const body = { key, reason, ...(subject && { subject }) }
      const done = await client.call('revokeInNetwork', { params: { id }, body }, { signal })
      await print(io, places.output, {
        value: done,
        asTable: () => `${done.subject} ${done.key} is revoked; put out: ${done.authors.length}\n`
      })
    })
}

/** Whoever takes a new one must know it before. */
const KEY_IS_FOR_ALL =
  'the key is one for all its networks, so that it joins each of them anew, and can found, invite, revoke or take back nothing more under the old one'

/** What follows, before it is asked for. */
export function meaningOf(authors: readonly Author[], key: string, as?: Subject): string {
  const node = authors.find((author) => author.key === key)
  const guests = authors.filter(({ invitation }) => invitation === key)
  const always = 'This holds at all nodes and cannot be undone.'
  if (as !== 'invitation' && (node !== undefined || as === 'author')) {
    const who = node?.is_own === true ? 'this node itself' : plain(node?.name || 'a node')
    return `The key is that of ${who}: nothing that it has said counts any more, and nobody takes anything new of it. ${always} Its operator can come back under a new key, once he has removed network.key from the data directory of his stopped node: ${KEY_IS_FOR_ALL}.`
  }
  const names = guests.map((guest) => plain(guest.name || guest.key.slice(0, 12)))
  const count = names.length > 0 ? ` (here: ${names.join(', ')})` : ''
  return `Nobody joins by the invitation any more, and whoever came by it${count} is put out with all that he has said. ${always} Whoever is still welcome needs a new invitation.`
}
