/** Two real nodes of two operators, by the command line alone. */
import * as assert from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Networks by the command line', { timeoutMs: 120_000 })
const rigs: CliRig[] = []

test.after(async () => {
  for (const rig of rigs) await rig.dispose()
})

interface Alert {
  readonly is_own: boolean
  readonly prefixes: readonly string[]
  readonly category: string
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

test('a network is founded, joined, warned in and left', async () => {
  const [one, two] = [await startNode(), await startNode()]
  const before = await one.run(['network', 'list'])
  assert.match(before.talk, /in no network/)
  const made = await one.run(['network', 'create', 'north'])
  assert.is(made.code, 0, made.talk)
  const invitation = made.out.trim()
  assert.match(invitation, /^netminder1:/)
  const damaged = await two.run(['network', 'join', `${invitation.slice(0, -6)}abcdef`])
  assert.is(damaged.code, 1, damaged.talk)
  const joined = await two.run(['network', 'join', '-'], { input: made.out })
  assert.is(joined.code, 0, joined.talk)
  await two.until(
    () => two.json<unknown[]>('network', 'peers', 'north'),
    (peers) => peers.length === 1
  )
  const statusOf = () => two.json<{ components: { name: string; detail: string }[] }>('status')
  const status = await two.until(statusOf, ({ components }) =>
    components.some(({ name, detail }) => name === 'network north' && !detail.includes('alone'))
  )
  assert.ok(status)
  const sent = await one.until(
    () => one.run(['alerts', 'send', '--about', '198.51.100.66', '--category', 'scanner']),
    ({ code }) => code === 0
  )
  assert.is(sent.code, 0)
  const alerts = await two.until(
    () => two.json<Alert[]>('alerts', 'list'),
    (list) => list.some((alert) => !alert.is_own)
  )
  assert.equal(alerts[0]?.prefixes, ['198.51.100.66'])
  const left = await two.run(['network', 'leave', 'north', '--yes'])
  assert.is(left.code, 0, left.talk)
  assert.equal(await two.json('network', 'list'), [])
})

test('a ban of one node is an alert at the other, and bans nobody there', async () => {
  const [one, two] = [await startNode(), await startNode()]
  await one.run(['mode', 'enforce', '--yes'])
  const made = await one.run(['network', 'create', 'south'])
  assert.is(made.code, 0, made.talk)
  const joined = await two.run(['network', 'join', made.out.trim()])
  assert.is(joined.code, 0, joined.talk)
  await one.until(
    () => one.json<unknown[]>('network', 'peers'),
    (peers) => peers.length === 1
  )
  one.scan('198.51.100.23')
  const alerts = await two.until(
    () => two.json<Alert[]>('alerts', 'list'),
    (list) => list.length > 0
  )
  assert.equal(alerts[0]?.prefixes, ['198.51.100.23'])
  assert.is(alerts[0]?.category, 'scanner')
  assert.equal(await two.json('decisions', 'list'), [])
})
