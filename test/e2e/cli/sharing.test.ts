/** A ban that nobody was told of yet when the node was killed is told when it is there again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is } from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Sharing by the command line', { timeoutMs: 240_000 })
const rigs: CliRig[] = []

test.after(async () => {
  for (const rig of rigs) await rig.dispose()
})

/** So many are left of the hour that decisions are gathered for seconds. */
const SAID_BEFORE = 45

async function startNode(): Promise<CliRig> {
  const rig = new CliRig()
  rigs.push(rig)
  const made = await rig.run([
    'init',
    ...['--haproxy-log', rig.log, '--haproxy-list', rig.list, '--api-port', '0'],
    ...['--listen', '/ip4/127.0.0.1/tcp/0']
  ])
  is(made.code, 0, made.talk)
  await rig.start()
  return rig
}

/** By the API, since a command takes a while to start. */
async function warnOf(address: string, { dataDir }: CliRig): Promise<number> {
  const { url } = JSON.parse(readFileSync(join(dataDir, 'api.json'), 'utf8')) as { url: string }
  const token = readFileSync(join(dataDir, 'admin.token'), 'utf8').trim()
  const response = await fetch(`${url}/api/defense/network/alert`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ prefixes: [address], category: 'other' })
  })
  await response.arrayBuffer()
  return response.status
}

async function heardBy(rig: CliRig): Promise<readonly string[]> {
  const alerts = await rig.json<{ prefixes: readonly string[] }[]>('alerts', 'list')
  return alerts.flatMap(({ prefixes }) => prefixes)
}

test('kill -9 while a ban is gathered: the other operator is warned after the restart', async () => {
  const [one, two] = [await startNode(), await startNode()]
  await one.run(['mode', 'enforce', '--yes'])
  const made = await one.run(['network', 'create', 'north'])
  is(made.code, 0, made.talk)
  is((await two.run(['network', 'join', made.out.trim()])).code, 0)
  await one.until(
    () => one.json<unknown[]>('network', 'peers'),
    (peers) => peers.length === 1
  )
  for (let i = 0; i < SAID_BEFORE; i++) is(await warnOf('198.51.100.9', one), 201)
  one.scan('198.51.100.23')
  const decisions = await one.until(
    () => one.json<{ id: string }[]>('decisions', 'list'),
    (list) => list.length > 0
  )
  await one.stop('SIGKILL')
  is((await heardBy(two)).includes('198.51.100.23'), false)
  await one.start()
  await two.until(
    () => heardBy(two),
    (prefixes) => prefixes.includes('198.51.100.23')
  )
  equal((await one.json<{ id: string }[]>('decisions', 'list'))[0]?.id, decisions[0]?.id)

  const lifted = await one.run(['decisions', 'lift', '198.51.100.23'])
  is(lifted.code, 0, lifted.talk)
  await two.until(
    () => heardBy(two),
    (prefixes) => !prefixes.includes('198.51.100.23')
  )
})

test('shadow takes a ban back at the other operator, and enforce tells it again', async () => {
  const [one, two] = [await startNode(), await startNode()]
  await one.run(['mode', 'enforce', '--yes'])
  const made = await one.run(['network', 'create', 'south'])
  is((await two.run(['network', 'join', made.out.trim()])).code, 0)
  await one.until(
    () => one.json<unknown[]>('network', 'peers'),
    (peers) => peers.length === 1
  )
  one.scan('198.51.100.24')
  for (const [command, isHeard] of [
    [[], true],
    [['mode', 'shadow'], false],
    [['mode', 'enforce', '--yes'], true]
  ] as const) {
    if (command.length > 0) is((await one.run(command)).code, 0)
    await two.until(
      () => heardBy(two),
      (prefixes) => prefixes.includes('198.51.100.24') === isHeard
    )
  }
})
