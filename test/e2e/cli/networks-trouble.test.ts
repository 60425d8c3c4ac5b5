/** What befalls nodes in a network: a key that cannot be used, a machine that slept, a backup of before. */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { dataPaths } from '../../../src/config/index.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Trouble in networks, by the command line', { timeoutMs: 120_000 })
const rigs: CliRig[] = []

test.after(async () => {
  for (const rig of rigs) await rig.dispose()
})

interface Alert {
  readonly id: string
  readonly prefixes: readonly string[]
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

async function found(rig: CliRig, name: string): Promise<string> {
  const made = await rig.run(['network', 'create', name])
  assert.is(made.code, 0, made.talk)
  return made.out.trim()
}

async function enter(rig: CliRig, invitation: string): Promise<void> {
  const joined = await rig.run(['network', 'join', invitation])
  assert.is(joined.code, 0, joined.talk)
  await rig.until(
    () => rig.json<unknown[]>('network', 'peers'),
    (peers) => peers.length > 0
  )
}

async function warn(rig: CliRig, address: string): Promise<void> {
  const args = ['alerts', 'send', '--about', address, '--category', 'scanner']
  const sent = await rig.run(args)
  assert.is(sent.code, 0, sent.talk)
}

async function hears(rig: CliRig, addresses: readonly string[]): Promise<void> {
  const wanted = [...addresses].sort()
  await rig.until(
    () => rig.json<Alert[]>('alerts', 'list'),
    (alerts) => {
      const about = alerts.flatMap(({ prefixes }) => prefixes)
      return wanted.every((address) => about.includes(address))
    }
  )
}

test('a key that others can read, or that is damaged, ends the start with a sentence; doctor says the same', async () => {
  const rig = await startNode()
  await found(rig, 'north')
  await rig.stop()
  const { networkKey } = dataPaths(rig.dataDir)
  const good = readFileSync(networkKey)
  assert.ok(existsSync(networkKey))
  const isRoot = process.getuid?.() === 0
  const faults: readonly (readonly [string, () => void, number, string, string])[] = [
    ['0644', () => chmodSync(networkKey, 0o644), 77, 'SECRET_FILE_EXPOSED', 'NETWORK_KEY_EXPOSED'],
    ['0660', () => chmodSync(networkKey, 0o660), 77, 'SECRET_FILE_EXPOSED', 'NETWORK_KEY_EXPOSED'],
    [
      'empty',
      () => writeFileSync(networkKey, ''),
      77,
      'SECRET_FILE_UNUSABLE',
      'NETWORK_KEY_DAMAGED'
    ],
    [
      'cut',
      () => writeFileSync(networkKey, good.subarray(0, 40)),
      65,
      'KEY_FILE_INVALID',
      'NETWORK_KEY_DAMAGED'
    ]
  ]
  for (const [name, spoil, exit, code, finding] of faults) {
    spoil()
    const started = await rig.run(['start'])
    assert.is(started.code, exit, `${name}: ${started.talk}`)
    assert.match(started.talk, networkKey, name)
    assert.match(started.talk, code, name)
    const doctor = await rig.run(['doctor', '--output', 'json'])
    assert.match(doctor.out, finding, `${name}: ${doctor.out}`)
    writeFileSync(networkKey, good)
    chmodSync(networkKey, 0o600)
  }
  if (isRoot) {
    chownSync(networkKey, 12_345, -1)
    const started = await rig.run(['start'])
    assert.is(started.code, 77, started.talk)
    assert.match(started.talk, 'user 12345')
    chownSync(networkKey, 0, -1)
  }
  chmodSync(networkKey, 0o640)
  await rig.start()
  assert.is((await rig.json<unknown[]>('network', 'list')).length, 1)
})

test('a node that was stopped like a sleeping machine has everything that was said meanwhile soon after', async () => {
  const [one, two] = [await startNode(), await startNode()]
  await enter(two, await found(one, 'south'))
  await warn(one, '198.51.100.1')
  await hears(two, ['198.51.100.1'])
  two.signal('SIGSTOP')
  for (const address of ['198.51.100.2', '198.51.100.3', '198.51.100.4']) await warn(one, address)
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  two.signal('SIGCONT')
  await hears(two, ['198.51.100.2', '198.51.100.3', '198.51.100.4'])
})

test('a node whose directory is of before repeats no number, and takes back what it lost', async () => {
  const [one, two] = [await startNode(), await startNode()]
  await enter(two, await found(one, 'east'))
  await warn(two, '198.51.100.1')
  await two.stop()
  const backup = `${two.dataDir}.backup`
  cpSync(two.dataDir, backup, { recursive: true })
  await two.start()
  await two.until(
    () => two.json<unknown[]>('network', 'peers'),
    (peers) => peers.length > 0
  )
  await warn(two, '198.51.100.2')
  await hears(one, ['198.51.100.1', '198.51.100.2'])
  await two.stop()
  rmSync(two.dataDir, { recursive: true })
  cpSync(backup, two.dataDir, { recursive: true })
  rmSync(backup, { recursive: true })
  await two.start()
  await hears(two, ['198.51.100.1', '198.51.100.2'])
  await warn(two, '198.51.100.3')
  await hears(one, ['198.51.100.1', '198.51.100.2', '198.51.100.3'])
  const [network] = await one.json<{ live_events: Record<string, number> }[]>('network', 'list')
  assert.is(network?.live_events?.['equivocation-proof'] ?? 0, 0, join(one.dataDir))
})
