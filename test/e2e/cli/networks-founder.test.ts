/** Who comes in and who is put out, by the command line alone: a founder lets in keys, names addresses, and revokes. */
import * as assert from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Founders by the command line', { timeoutMs: 240_000 })
const rigs: CliRig[] = []

test.after(async () => {
  for (const rig of rigs) await rig.dispose()
})

interface Alert {
  readonly is_own: boolean
  readonly prefixes: readonly string[]
}

interface Author {
  readonly key: string
  readonly is_own: boolean
  readonly is_founder: boolean
  readonly is_revoked: boolean
  readonly invitation: string | null
}

async function startNode(): Promise<CliRig> {
  const rig = new CliRig()
  rigs.push(rig)
  const made = await rig.run([
    'init',
    ...['--haproxy-log', rig.log, '--haproxy-list', rig.list, '--api-port', '0'],
    ...['--listen', '/ip4/127.0.0.1/tcp/0']
  ])
  assert.is(made.code, 0, made.talk)
  await rig.start()
  return rig
}

async function lineOf(rig: CliRig, ...args: readonly string[]): Promise<string> {
  const { code, out, talk } = await rig.run(args)
  assert.is(code, 0, talk)
  assert.match(out, /^\S+\n$/)
  return out.trim()
}

async function refusal(rig: CliRig, ...args: readonly string[]): Promise<string> {
  const { code, out, talk } = await rig.run(args)
  assert.is(code, 1, talk)
  assert.is(out, '')
  return talk
}

async function meet(rig: CliRig, count: number): Promise<void> {
  await rig.until(
    () => rig.json<unknown[]>('network', 'peers'),
    (peers) => peers.length === count
  )
}

function warn(rig: CliRig, address: string): Promise<unknown> {
  return rig.until(
    () => rig.run(['alerts', 'send', '--about', address, '--category', 'scanner']),
    ({ code }) => code === 0
  )
}

function hears(rig: CliRig, address: string): Promise<unknown> {
  return rig.until(
    () => rig.json<Alert[]>('alerts', 'list'),
    (alerts) => alerts.some(({ prefixes, is_own }) => !is_own && prefixes.includes(address))
  )
}

test('under the policy "founder" a node comes in by its key, and is heard; no line of another lets it in', async () => {
  const [founder, guest, stranger] = [await startNode(), await startNode(), await startNode()]
  const created = await founder.run(['network', 'create', 'closed', '--policy', 'founder'])
  assert.is(created.code, 0, created.talk)
  assert.match(created.out, /^[0-9a-f]{32}\n$/)
  assert.match(created.talk, /network admit/)
  assert.match(await refusal(founder, 'network', 'invite', 'closed'), /POLICY_FORBIDS/)

  const key = await lineOf(guest, 'network', 'key')
  assert.match(key, /^[0-9a-f]{64}$/)
  assert.is(await lineOf(guest, 'network', 'key'), key)
  assert.equal(await guest.json('network', 'list'), [])
  const letter = await lineOf(founder, 'network', 'admit', 'closed', key, '--name', 'guest')
  assert.match(letter, /^netminder-admission1:/)

  const foreign = await refusal(stranger, 'network', 'join', letter)
  assert.match(foreign, /ADMISSION_FOREIGN/)
  assert.match(foreign, new RegExp(key))
  assert.match(await refusal(guest, 'network', 'join', letter.slice(0, -3)), /INVITATION_DAMAGED/)
  const joined = await guest.run(['network', 'join', '-'], { input: `${letter}\n` })
  assert.is(joined.code, 0, joined.talk)
  await meet(guest, 1)
  await warn(guest, '198.51.100.31')
  await hears(founder, '198.51.100.31')

  const byGuest = await refusal(guest, 'network', 'admit', 'closed', 'ab'.repeat(32))
  assert.match(byGuest, /KEY_INVALID|NOT_A_FOUNDER/)
  const strange = await lineOf(stranger, 'network', 'key')
  assert.match(await refusal(guest, 'network', 'admit', 'closed', strange), /NOT_A_FOUNDER/)
  const misspelt = await founder.run(['network', 'admit', 'closed', 'beef'])
  assert.not.equal(misspelt.code, 0)
  assert.match(misspelt.talk, /expected 64 hexadecimal digits/)
  await guest.stop()
  await guest.start()
  await meet(guest, 1)
  const authors = await founder.json<Author[]>('network', 'authors', 'closed')
  assert.equal(authors.map(({ is_founder, invitation }) => [is_founder, invitation]).sort(), [
    [false, null],
    [true, null]
  ])
})

test('a key is revoked after a question, and what it said is void everywhere; so is an invitation with all who came by it', async () => {
  const [founder, one, two] = [await startNode(), await startNode(), await startNode()]
  await lineOf(founder, 'network', 'create', 'open')
  const first = await lineOf(founder, 'network', 'invite', 'open')
  const second = await lineOf(founder, 'network', 'invite', 'open')
  assert.is((await one.run(['network', 'join', first])).code, 0)
  assert.is((await two.run(['network', 'join', second])).code, 0)
  await meet(founder, 2)
  await warn(one, '198.51.100.41')
  await warn(two, '198.51.100.42')
  await hears(founder, '198.51.100.41')
  await hears(founder, '198.51.100.42')
  await hears(two, '198.51.100.41')

  const key = await lineOf(one, 'network', 'key')
  const asked = await founder.run(['network', 'revoke', 'open', key])
  assert.is(asked.code, 1)
  assert.match(asked.talk, /nothing that it has said counts/)
  assert.match(asked.talk, /--yes/)
  assert.match(await refusal(two, 'network', 'revoke', 'open', key, '--yes'), /NOT_A_FOUNDER/)
  assert.match(
    await refusal(founder, 'network', 'revoke', 'open', 'ab'.repeat(32), '--yes'),
    /KEY_INVALID|KEY_UNKNOWN/
  )
  const done = await founder.run([
    ...['network', 'revoke', 'open', key, '--yes', '--reason', 'stolen']
  ])
  assert.is(done.code, 0, done.talk)
  for (const rig of [founder, two]) {
    await rig.until(
      () => rig.json<Alert[]>('alerts', 'list'),
      (alerts) => !alerts.some(({ prefixes }) => prefixes.includes('198.51.100.41'))
    )
  }
  assert.match(await refusal(founder, 'network', 'admit', 'open', key), /KEY_REVOKED/)

  const byLine = await founder.run(['network', 'revoke', 'open', second, '--yes'])
  assert.is(byLine.code, 0, byLine.talk)
  assert.match(byLine.out, /^invitation [0-9a-f]{64} is revoked; put out: 1\n$/)
  const authors = await founder.json<Author[]>('network', 'authors', 'open')
  assert.equal(
    authors.filter(({ is_revoked }) => !is_revoked).map(({ is_own }) => is_own),
    [true]
  )
  assert.equal(await founder.json('alerts', 'list'), [])
})

test('an invitation names members who are connected, and no address that nobody can dial', async () => {
  const [founder, member] = [await startNode(), await startNode()]
  const made = await founder.run(['network', 'create', 'wide'])
  assert.is(made.code, 0, made.talk)
  assert.match(made.talk, /None of its addresses is public.*--address.*network\.announce/)
  assert.is((await member.run(['network', 'join', made.out.trim()])).code, 0)
  await meet(founder, 1)
  interface Made {
    readonly addresses: readonly string[]
    readonly has_public_address: boolean
  }
  const members = await ownAddresses(member)
  assert.ok(members.length > 0)
  const invited = await founder.until(
    () => founder.json<Made>('network', 'invite', 'wide'),
    ({ addresses }) => members.every((address) => addresses.includes(address))
  )
  const own = await ownAddresses(founder)
  assert.equal(invited.addresses.slice(0, own.length), own)
  assert.is(invited.has_public_address, false)
  for (const [address, why] of [
    ['/ip4/0.0.0.0/tcp/11390', /every address of this machine/],
    ['/ip6/::/tcp/11390', /every address of this machine/],
    ['/ip4/1.2.3.4/udp/11390', /TCP alone/],
    ['/ip4/1.2.3.4/tcp/0', /port 0/]
  ] as const) {
    const talk = await refusal(founder, 'network', 'invite', 'wide', '--address', address)
    assert.match(talk, why)
    assert.match(talk, /ADDRESSES_INVALID/)
  }
  const named = ['--address', '/dns4/keys.example.org/tcp/11390']
  const open = await founder.run(['network', 'invite', 'wide', ...named])
  assert.is(open.code, 0, open.talk)
  assert.not.match(open.talk, /None of its addresses/)
})

async function ownAddresses(rig: CliRig): Promise<readonly string[]> {
  const { body } = await rig.api('network/status')
  return body['addresses'] as readonly string[]
}
