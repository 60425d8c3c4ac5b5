/** A further invitation to a network that the node is in: what doctor advises where nobody of the first one answers any more. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: joining again', { timeoutMs: 60_000 })
const nodes: TestNode[] = []
const HOUR_MS = 3_600_000
/** Nobody listens there. */
const DEAD = '/ip4/127.0.0.1/tcp/1'

test.afterEach(async () => {
  for (const node of nodes.splice(0)) await node.remove()
})

async function start(): Promise<TestNode> {
  const node = await new TestNode().start()
  nodes.push(node)
  return node
}

const inAnHour = () => new SystemClock().nowMs() + HOUR_MS
const bootstrapOf = ({ node }: TestNode) => node.status().networks[0]?.bootstrap ?? []
const isAdmitted = ({ node }: TestNode) => node.status().networks[0]?.isAdmitted

test('a node whose first invitation leads nowhere finds the others by the second, and keeps its addresses', async () => {
  const [founder, member] = [await start(), await start()]
  const fields = { name: 'net', addresses: [DEAD] }
  const { network, invitation } = await founder.node.create(fields)
  const first = await member.node.join(invitation)
  equal([first.wasMember, first.newAddresses], [false, 1])
  const addresses = founder.node.status().addresses
  const second = await member.node.join(
    await founder.node.invite(network.id, { notAfterMs: inAnHour(), addresses })
  )
  equal([second.wasMember, second.newAddresses], [true, addresses.length])
  await until(() => member.peerOf(founder) !== undefined)
  equal(bootstrapOf(member), [...addresses, DEAD])
  await member.stop()
  await member.start()
  equal(bootstrapOf(member), [...addresses, DEAD])
  is(member.node.list()[0]?.joinedAtMs, first.joinedAtMs)
})

test('of many lines no more addresses are kept than one may hold, the newest', async () => {
  const [founder, member] = [await start(), await start()]
  const named = (from: number) =>
    Array.from({ length: 10 }, (_, i) => `/ip4/127.0.0.1/tcp/${from + i}`)
  const { network, invitation } = await founder.node.create({ name: 'n', addresses: named(1) })
  await member.node.join(invitation)
  const line = { notAfterMs: inAnHour(), addresses: named(21) }
  const { newAddresses } = await member.node.join(await founder.node.invite(network.id, line))
  is(newAddresses, 10)
  equal(bootstrapOf(member), [...named(21), ...named(1).slice(0, 6)])
})

test('who came by an invitation that was revoked is let in again by another', async () => {
  const [founder, member] = [await start(), await start()]
  const { network, invitation } = await founder.node.create({ name: 'net' })
  await member.node.join(invitation)
  await until(() => founder.node.authors(network.id).length === 2)
  await founder.node.revoke(network.id, { key: invitation })
  await until(() => isAdmitted(member) === false)
  await member.node.join(await founder.node.invite(network.id, { notAfterMs: inAnHour() }))
  is(isAdmitted(member), true)
  const key = await member.node.key()
  const isHeard = () =>
    founder.node.authors(network.id).some((known) => known.key === key && !known.isRevoked)
  await until(isHeard)
  ok(isHeard())
})

test('a founder who made a line before he left comes back by it through another, as founder', async () => {
  for (const policy of ['invitation', 'founder'] as const) {
    const [founder, member] = [await start(), await start()]
    const { network } = await founder.node.create({ name: 'net', policy })
    const lineFor = async (node: TestNode) =>
      policy === 'invitation'
        ? founder.node.invite(network.id, { notAfterMs: inAnHour() })
        : founder.node.admit(network.id, { author: await node.node.key() })
    await member.node.join(await lineFor(member))
    await until(() => founder.node.authors(network.id).length === 2)
    const { addresses } = member.node.status()
    const line =
      policy === 'invitation'
        ? await founder.node.invite(network.id, { notAfterMs: inAnHour(), addresses })
        : await founder.node.admit(network.id, { author: await founder.node.key(), addresses })
    await founder.node.leave(network.id)
    is((await founder.node.join(line)).isFounder, true)
    await until(() => founder.peerOf(member) !== undefined)
    ok(await lineFor(member))
  }
})

test('the first admission of an author stays, whenever he announces himself; who has left is known as that', async () => {
  const [founder, member] = [await start(), await start()]
  const { network } = await founder.node.create({ name: 'net', policy: 'founder' })
  const key = await member.node.key()
  const letter = await founder.node.admit(network.id, { author: key })
  const known = () => founder.node.authors(network.id).find((author) => author.key === key)
  const announces = () => founder.node.status().networks[0]?.liveEvents['node-announce'] ?? 0
  await member.node.join(letter)
  await until(() => known() !== undefined)
  const { admittedAtMs } = known() ?? {}
  const before = announces()
  await member.stop()
  await member.start()
  await until(() => announces() > before)
  equal([known()?.admittedAtMs, known()?.hasLeft], [admittedAtMs, false])
  await member.node.leave(network.id)
  await until(() => known()?.hasLeft === true)
  await member.node.join(letter)
  await until(() => known()?.hasLeft === false)
  is(known()?.admittedAtMs, admittedAtMs)
})
