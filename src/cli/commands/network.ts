/** `netminder network`: the networks of nodes that this one is in. */
import { type Command, Option } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { collect, leaf, noun, parseEnd, parseNonEmpty, placesOf } from '../command-parts.ts'
import { confirm } from '../confirm.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { connect } from '../node-client.ts'
import { type Column, plain, print, relativeTime, renderTable } from '../output.ts'
import { askNetwork, findNetwork } from './find-network.ts'
import { addListsCommand } from './network-lists.ts'
import { addMemberCommands } from './network-members.ts'

export { findNetwork }

type Network = OperationResponse<'listNetworks'>['items'][number]
type Peer = OperationResponse<'listPeers'>['items'][number]

export function addNetworkCommand(program: Command, context: CliContext): void {
  const network = noun(program, 'network', 'the networks of nodes that this one is in')
  addCreate(network, context)
  addJoin(network, context)
  addLeave(network, context)
  addList(network, context)
  addInvite(network, context)
  addPeers(network, context)
  addMemberCommands(network, context)
  addListsCommand(network, context)
}

interface InvitationOptions {
  readonly until?: string
  readonly address?: readonly string[]
}

function withInvitationOptions(command: Command, context: CliContext): Command {
  return command
    .option(
      '--until <time>',
      'end of the invitation: 30d, or 2027-01-31T00:00:00Z (default: in 7 days)',
      parseEnd(context.clock)
    )
    .option(
      '--address <multiaddr>',
      "what others dial; may be repeated (default: this node's own addresses)",
      collect
    )
}

function invitationFields({ until, address }: InvitationOptions) {
  return {
    ...(until === undefined ? {} : { until }),
    ...(address === undefined ? {} : { addresses: [...address] })
  }
}

const ADMIT_EACH =
  'It takes nobody by invitation: whoever wants to join sends you what "netminder network key" prints there, and you send him what "netminder network admit" makes of it.'

function warnIfPrivate(io: CliContext['io'], made: { readonly has_public_address: boolean }): void {
  if (made.has_public_address) return
  io.talk(
    'None of its addresses is public, so that nobody outside this site can dial one: give one with --address, or set network.announce in netminder.toml.'
  )
}

const KEEP_SECRET =
  'Who has this line can join and speak in the network: send it to operators you know, by a way that others cannot read.'

function addCreate(parent: Command, context: CliContext): void {
  withInvitationOptions(
    leaf(parent.command('create'), {
      summary: 'found a network and print the first invitation to it, one line of text',
      examples: [
        ['network create "keyservers of the north" > invitation', 'and send it to the others'],
        [
          'network create north --until 30d --address /dns4/keys.example.org/tcp/11390',
          'for a node that others know by another address'
        ],
        ['network create north --policy founder', 'you let in each node by its key: network admit']
      ]
    }).argument('<name>', 'what the network is called', parseNonEmpty('a name of 1 to 64 bytes')),
    context
  )
    .addOption(
      new Option('--policy <policy>', 'who lets others in: invitations, or founders alone')
        .choices(['invitation', 'founder'])
        .default('invitation')
    )
    .action(
      async (
        name: string,
        options: InvitationOptions & { readonly policy: Network['policy'] },
        command: Command
      ) => {
        const places = placesOf(command)
        const { io, signal } = context
        const body = { name, policy: options.policy, ...invitationFields(options) }
        const made = await connect(places).call('createNetwork', { body }, { signal })
        const isOpen = made.invitation !== ''
        const line = isOpen ? made.invitation : made.network.id
        await print(io, places.output, { value: made, asTable: () => `${line}\n` })
        const founded = `Network "${plain(made.network.name)}" has the id ${made.network.id}.`
        io.talk(isOpen ? `${founded} ${KEEP_SECRET}` : `${founded} ${ADMIT_EACH}`)
        if (isOpen) warnIfPrivate(io, made)
      }
    )
}

const INVITATION_LENGTH_MAX = 20_000
const SEEKING = 'Looking for the other nodes; "netminder network peers" shows who is connected.'

/** What a further line is of use for where the node is in the network already. */
function describeRejoined(newAddresses: number): string {
  if (newAddresses === 0)
    return 'Already in it: no address of the line is new; all are tried again.'
  const addresses = newAddresses === 1 ? '1 new address is' : `${newAddresses} new addresses are`
  return `Already in it: ${addresses} tried. "netminder network peers" shows who is connected.`
}

function addJoin(parent: Command, context: CliContext): void {
  leaf(parent.command('join'), {
    summary: 'join the network of an invitation, or of a letter that lets this node in',
    examples: [
      ['network join netminder1:CnQKUggBEg5ub3J0aA', 'the line as it was sent'],
      ['network join - < invitation', 'from a file'],
      ['network join netminder-admission1:CnQKUggBEg5ub3J0aA', 'what "network admit" made']
    ]
  })
    .argument(
      '<invitation>',
      'the line of text; - reads it from standard input',
      parseNonEmpty('the line of an invitation or of a letter')
    )
    .action(async (given: string, _options: unknown, command: Command) => {
      const places = placesOf(command)
      const { io, signal } = context
      const invitation = given === '-' ? await readLine(context) : given
      const joined = await connect(places).call('joinNetwork', { body: { invitation } }, { signal })
      await print(io, places.output, {
        value: joined,
        asTable: () => renderTable([joined], networkColumns(context.clock.nowMs()), io.columns)
      })
      io.talk(joined.was_member ? describeRejoined(joined.new_addresses) : SEEKING)
    })
}

async function readLine({ io }: CliContext): Promise<string> {
  let text = ''
  for await (const part of io.stdin) {
    text += String(part)
    if (text.length > INVITATION_LENGTH_MAX) break
  }
  if (text.trim() !== '') return text.trim().slice(0, INVITATION_LENGTH_MAX)
  throw new CliError('CLI_INPUT_INVALID', 'expected an invitation on standard input, got nothing')
}

function addLeave(parent: Command, context: CliContext): void {
  leaf(parent.command('leave'), {
    summary: 'leave a network, say so to the others, and forget everything of it',
    examples: [['network leave north', 'by name, or by id']]
  })
    .argument('<network>', 'name or id')
    .option('--yes', 'do not ask')
    .action(async (named: string, options: { readonly yes?: true }, command: Command) => {
      const client = connect(placesOf(command))
      const { io, signal } = context
      const { items } = await client.call('listNetworks', {}, { signal })
      const network = findNetwork(items, named)
      if (network.is_founder) io.talk(founderLeaves(network))
      if (options.yes !== true) {
        const question = `Leave "${plain(network.name)}" and forget all its warnings?`
        await confirm(io, question, signal)
      }
      await client.call('leaveNetwork', { body: { network: network.id } }, { signal })
      io.talk(`Left "${plain(network.name)}".`)
    })
}

/** What follows, before it is asked for. */
export function founderLeaves({ name, id, policy }: Pick<Network, 'name' | 'id' | 'policy'>) {
  const line =
    policy === 'invitation'
      ? `"netminder network invite ${id} --until 30d"`
      : `"netminder network admit ${id} KEY", with the KEY that "netminder network key" prints`
  return plain(
    `This node founded "${name}": once it has left, nobody can invite, let in or put out others. It comes back, as founder, only by a line that it makes before it leaves, while another node of the network can be dialed: ${line}. Keep that line, and the key of the node (network.key).`
  )
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list the networks that this node is in',
    examples: [['network list', 'with how many nodes of each are connected']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal, clock } = context
    const { items } = await connect(places).call('listNetworks', {}, { signal })
    await print(io, places.output, {
      value: items,
      asTable: () => renderTable(items, networkColumns(clock.nowMs()), io.columns)
    })
    if (items.length === 0) {
      io.talk('This node is in no network: netminder network create NAME, or join INVITATION.')
    }
  })
}

function networkColumns(nowMs: number): readonly Column<Network>[] {
  return [
    { title: 'NAME', value: (row) => row.name },
    { title: 'PEERS', value: (row) => (row.is_alone ? '0 (alone)' : String(row.peers)) },
    { title: 'JOINED', value: (row) => relativeTime(row.joined_at, nowMs) },
    { title: 'POLICY', value: (row) => row.policy + (row.is_founder ? ' (founder)' : '') },
    { title: 'ID', value: (row) => row.id, isFlexible: true }
  ]
}

function addInvite(parent: Command, context: CliContext): void {
  withInvitationOptions(
    leaf(parent.command('invite'), {
      summary: 'print an invitation to a network, one line of text',
      examples: [['network invite north --until 2d', 'for two days']]
    }).argument('<network>', 'name or id'),
    context
  ).action(async (named: string, options: InvitationOptions, command: Command) => {
    const places = placesOf(command)
    const { io, signal } = context
    const client = connect(places)
    const { id } = await askNetwork(client, named, signal)
    const made = await client.call(
      'inviteToNetwork',
      { params: { id }, body: invitationFields(options) },
      { signal }
    )
    await print(io, places.output, { value: made, asTable: () => `${made.invitation}\n` })
    io.talk(`It ends at ${made.until}, or by "netminder network revoke ${id} ${made.key}".`)
    io.talk(KEEP_SECRET)
    warnIfPrivate(io, made)
  })
}

function addPeers(parent: Command, context: CliContext): void {
  leaf(parent.command('peers'), {
    summary: 'list the nodes that are connected',
    examples: [
      ['network peers', 'of all networks'],
      ['network peers north', 'of one']
    ]
  })
    .argument('[network]', 'name or id')
    .action(async (named: string | undefined, _options: unknown, command: Command) => {
      const places = placesOf(command)
      const { io, signal, clock } = context
      const client = connect(places)
      const networks = (await client.call('listNetworks', {}, { signal })).items
      const query = named === undefined ? {} : { network: findNetwork(networks, named).id }
      const { items } = await client.call('listPeers', { query }, { signal })
      await print(io, places.output, {
        value: items,
        asTable: () => renderTable(items, peerColumns(clock.nowMs()), io.columns)
      })
      if (items.length === 0) io.talk('No other node is connected.')
    })
}

function peerColumns(nowMs: number): readonly Column<Peer>[] {
  return [
    { title: 'NAME', value: (row) => row.name ?? '-' },
    { title: 'SINCE', value: (row) => relativeTime(row.connected_since, nowMs) },
    { title: 'DIALED BY', value: (row) => (row.direction === 'inbound' ? 'it' : 'this node') },
    { title: 'SCORE', value: (row) => row.score.toFixed(1) },
    {
      title: 'ROUND TRIP',
      value: (row) => (row.latency_ms === null ? '-' : `${row.latency_ms.toFixed(1)} ms`)
    },
    {
      title: 'ADDRESS',
      // The peer id that it may end in stands beside it.
      value: (row) => row.addresses[0]?.replace(/\/p2p\/\w+$/, '') ?? '-',
      isFlexible: true
    },
    { title: 'PEER', value: (row) => row.peer_id, isFlexible: true }
  ]
}
