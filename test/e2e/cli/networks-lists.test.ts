/** A blocklist that one operator publishes is seen by the others, with whose word it is, and blocks nobody there. */
import * as assert from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Published lists by the command line', { timeoutMs: 180_000 })
const rigs: CliRig[] = []

test.after(async () => {
  for (const rig of rigs) await rig.dispose()
})

interface Listed {
  readonly prefix: string
  readonly author: string
  readonly is_own: boolean
  readonly list: string
  readonly version: number
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

async function succeed(rig: CliRig, ...args: readonly string[]): Promise<string> {
  const { code, out, talk } = await rig.run(args)
  assert.is(code, 0, talk)
  return out
}

const listsAt = (rig: CliRig) => rig.json<Listed[]>('network', 'lists')
const prefixesOf = (lists: readonly Listed[]) => lists.map(({ prefix }) => prefix)

test('it arrives, changes, survives a restart, and goes with its author', async () => {
  const [one, two] = [await startNode(), await startNode()]
  const alone = await one.run(['blocklist', 'publish'])
  assert.not.equal(alone.code, 0)
  assert.match(alone.talk, /in no network/)
  const invitation = await succeed(one, 'network', 'create', 'north')
  await succeed(two, 'network', 'join', invitation.trim())
  await succeed(one, 'blocklist', 'add', '198.51.100.71')
  await succeed(one, 'blocklist', 'add', '198.51.100.80/28')
  await one.until(
    () => one.run(['blocklist', 'publish', '--network', 'north']),
    ({ code }) => code === 0
  )
  const heard = await two.until(
    () => listsAt(two),
    (lists) => lists.length === 2
  )
  assert.equal(prefixesOf(heard).sort(), ['198.51.100.71', '198.51.100.80/28'])
  const key = (await succeed(one, 'network', 'key')).trim()
  assert.equal(
    heard.map(({ author, is_own, list, version }) => [author, is_own, list, version]),
    [1, 2].map(() => [key, false, 'operator', 1])
  )
  assert.equal(
    prefixesOf(await two.json<Listed[]>('network', 'lists', '--about', '198.51.100.85')),
    ['198.51.100.80/28']
  )
  const { body } = await two.api('network/threats')
  const threats = body['items'] as { prefix: string; accusers: string[]; listed_by: string[] }[]
  const threat = threats.find(({ prefix }) => prefix === '198.51.100.71')
  assert.equal([threat?.accusers, threat?.listed_by], [[], [key]])
  assert.equal(await two.json('decisions', 'list'), [])
  assert.equal(await two.json('blocklist', 'list'), [])

  await succeed(one, 'blocklist', 'remove', '198.51.100.71')
  await succeed(one, 'blocklist', 'publish')
  await two.until(
    () => listsAt(two),
    (lists) => lists.length === 1 && lists[0]?.version === 2
  )
  await two.stop()
  await two.start()
  assert.equal(prefixesOf(await listsAt(two)), ['198.51.100.80/28'])
  await two.until(
    () => two.json<unknown[]>('network', 'peers'),
    (peers) => peers.length === 1
  )
  await succeed(one, 'network', 'leave', 'north', '--yes')
  await two.until(
    () => listsAt(two),
    (lists) => lists.length === 0
  )
})
