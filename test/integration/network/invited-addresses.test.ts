/** An invitation is of use also where its founder is off: it names members that were connected when it was made. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: addresses of invitations', { timeoutMs: 120_000 })
const nodes: TestNode[] = []

test.afterEach(async () => {
  for (const node of nodes.splice(0)) await node.remove()
})

async function start(): Promise<TestNode> {
  const node = await new TestNode().start()
  nodes.push(node)
  return node
}

test('own addresses come first, then those of at most three who are connected; a newcomer joins without the founder', async () => {
  const founder = await start()
  const { network, invitation } = await founder.node.create({ name: 'net' })
  const members = [await start(), await start(), await start(), await start()]
  for (const member of members) await member.node.join(invitation)
  const own = founder.node.status().addresses
  const notAfterMs = new SystemClock().nowMs() + 600_000
  const invite = async () =>
    founder.node.readInvitation(await founder.node.invite(network.id, { notAfterMs })).addresses
  await until(() => founder.node.authors(network.id).length === 5)
  let addresses = await invite()
  for (let i = 0; i < 100 && addresses.length < own.length + 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    addresses = await invite()
  }
  equal(addresses.slice(0, own.length), own)
  const others = addresses.slice(own.length)
  const named = members.filter((member) =>
    member.node.status().addresses.some((address) => others.includes(address))
  )
  is(named.length, 3)
  ok(addresses.length <= 16)
  const line = await founder.node.invite(network.id, { notAfterMs })
  await founder.stop()
  const late = await start()
  await late.node.join(line)
  await until(() => late.node.peers(network.id).length > 0)
})
