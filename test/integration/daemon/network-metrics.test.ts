/** What a scrape shows of real networks over loopback: libp2p's own metrics beside ours, in series that do not grow. */
import { equal, is, match, not, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { parseConfig } from '../../../src/config/index.ts'
import { createNetwork, openRepositories } from '../../../src/daemon/index.ts'
import type { NetworkService } from '../../../src/network/index.ts'
import { openDatabase } from '../../../src/store/index.ts'
import { NULL_LOGGER, PrometheusRegister } from '../../../src/telemetry/index.ts'
import { findNetworkId, protocolId, TOPICS } from '../../../src/wire/index.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { makeDataDir, removeDataDir } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('metrics of the network', { timeoutMs: 60_000 })

interface Measured {
  readonly network: NetworkService
  readonly register: PrometheusRegister
}

async function withNodes(count: number, run: (nodes: readonly Measured[]) => Promise<void>) {
  const closing: (() => Promise<void> | void)[] = []
  try {
    const nodes: Measured[] = []
    for (let i = 0; i < count; i++) {
      const dataDir = makeDataDir()
      closing.push(() => removeDataDir(dataDir))
      const clock = new SystemClock()
      const { db } = openDatabase({ dataDir, clock })
      closing.push(() => db.close())
      const store = openRepositories(db, dataDir, { clock, logger: NULL_LOGGER })
      const register = new PrometheusRegister({ hasProcessMetrics: false })
      const config = parseConfig('[network]\nlisten = ["/ip4/127.0.0.1/tcp/0"]\n', 'test')
      const ports = { store, declared: register, register, clock, logger: NULL_LOGGER }
      const network = createNetwork({ dataDir, config }, ports)
      if (network === undefined) throw new Error('expected networks to be turned on')
      await network.start(AbortSignal.timeout(50_000))
      closing.push(() => network.stop())
      nodes.push({ network, register })
    }
    await run(nodes)
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

function sampleOf(text: string, series: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? Number.NaN)
}

function seriesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
}

const isMeshed = ({ network }: Measured) =>
  network.status().networks.every(({ mesh }) => TOPICS.every((topic) => mesh[topic] > 0))

test('a node in no network shows that, and nothing of libp2p', () =>
  withNodes(1, async ([node]) => {
    ok(node)
    const text = await node.register.text()
    is(sampleOf(text, 'netminder_network_joined_networks'), 0)
    is(sampleOf(text, 'netminder_network_connected_peers'), 0)
    not.match(text, /libp2p|gossipsub/)
  }))

test('what is true when somebody looks is shown, without any event', () =>
  withNodes(2, async ([one, other]) => {
    ok(one && other)
    const { network, invitation } = await one.network.create({ name: 'north' })
    await other.network.join(invitation)
    await until(() => isMeshed(one) && isMeshed(other) && one.network.peers().length === 1)
    await until(() => {
      const { clockSkewMs, networks } = one.network.status()
      return clockSkewMs !== undefined && networks[0]?.lastSync !== undefined
    })
    const text = await one.register.text()
    const status = one.network.status()
    is(sampleOf(text, 'netminder_network_connected_peers'), 1)
    is(sampleOf(text, 'netminder_network_joined_networks'), 1)
    is(sampleOf(text, 'netminder_network_alone_networks'), 0)
    is(sampleOf(text, 'netminder_network_mesh_peers{topic="alert"}'), 1)
    is(sampleOf(text, 'netminder_network_known_authors'), status.networks[0]?.authors)
    is(sampleOf(text, 'netminder_network_live_events{kind="node-announce"}'), 2)
    is(sampleOf(text, 'netminder_network_queued_events{lane="sync"}'), 0)
    ok(sampleOf(text, 'netminder_network_last_sync_age_seconds') < 60)
    ok(Math.abs(sampleOf(text, 'netminder_network_clock_skew_seconds')) < 5)
    // libp2p's, by names that say nothing of which network and which peers.
    is(
      sampleOf(
        text,
        'libp2p_connection_manager_connections{libp2p_connection_manager_connections="inbound"}'
      ) +
        sampleOf(
          text,
          'libp2p_connection_manager_connections{libp2p_connection_manager_connections="outbound"}'
        ),
      1
    )
    match(text, 'libp2p_data_transfer_bytes_total{protocol="/netminder/sync/1.0.0 sent"}')
    match(text, /^gossipsub_score_per_mesh_avg\{topic="alert"\}/m)
    not.match(text, network.id)
    not.match(text, /12D3KooW|nodejs_/)
    await other.network.stop()
    await until(() => one.network.status().connectedPeers === 0)
    const after = await one.register.text()
    is(sampleOf(after, 'netminder_network_connected_peers'), 0)
    is(sampleOf(after, 'netminder_network_alone_networks'), 1)
    is(sampleOf(after, 'netminder_network_mesh_peers{topic="alert"}'), 0)
  }))

test('joining, leaving and starting again adds no series', () =>
  withNodes(2, async ([one, other]) => {
    ok(one && other)
    const meet = async () => {
      const { network, invitation } = await one.network.create({ name: 'north' })
      await other.network.join(invitation)
      await until(() => isMeshed(one) && isMeshed(other))
      await until(() => other.network.status().networks.some(({ lastSync }) => lastSync))
      return network.id
    }
    const seen = new Set<string>()
    const sizes: number[] = []
    for (let round = 0; round < 4; round++) {
      const id = await meet()
      for (const series of seriesOf(await other.register.text())) seen.add(series)
      sizes.push(seen.size)
      await other.network.leave(id)
      await one.network.leave(id)
    }
    // What happens by chance (a dial that fails, a prune) may come later once, but nothing with every network.
    ok((sizes[3] ?? 0) - (sizes[1] ?? 0) < 10, `expected the same series, got ${sizes}`)
    ok(![...seen].some((series) => /[0-9a-f]{32}/.test(series)))
    await meet()
    await other.network.stop()
    not.match(await other.register.text(), /libp2p_/)
    await other.network.start(AbortSignal.timeout(30_000))
    await until(() => isMeshed(other))
    const again = await other.register.text()
    equal(
      new Set(seriesOf(again)).size,
      seriesOf(again).length,
      'expected no series twice after the start'
    )
    match(again, 'libp2p_data_transfer_bytes_total{protocol="/netminder/sync/1.0.0 sent"}')
    ok(sampleOf(again, 'libp2p_protocol_streams_total{protocol="outbound /meshsub/1.2.0"}') >= 1)
  }))

test('what is refused, and who breaks a protocol, is counted', () =>
  withNodes(1, async ([node]) => {
    ok(node)
    const hostile = new TestNode()
    await hostile.start()
    try {
      const { network, invitation } = await node.network.create({ name: 'north' })
      await hostile.node.join(invitation)
      await until(() => isMeshed(node) && hostile.meshOf(network.id, 'alert') === 1)
      const stranger = hostile.sealed(network.id, alertOf('8.8.8.8', Date.now()), 'stranger')
      await hostile.gossipRaw(network.id, 'alert', stranger)
      await hostile.gossipRaw(network.id, 'vote', stranger)
      const countOf = async (series: string) => sampleOf(await node.register.text(), series)
      const refused = 'netminder_network_refused_events_total'
      await untilAsync(
        async () => (await countOf(`${refused}{verdict="ignore",reason="UNKNOWN_AUTHOR"}`)) === 1
      )
      await untilAsync(
        async () => (await countOf(`${refused}{verdict="reject",reason="WRONG_TOPIC"}`)) === 1
      )
      const [connection] = hostile.node.host.connections
      ok(connection)
      const id = findNetworkId(network.id)
      ok(id)
      const stream = await hostile.node.host.openStream(
        connection.remotePeer,
        protocolId(id, 'sync'),
        AbortSignal.timeout(5_000)
      )
      stream.send(new Uint8Array([0xff, 0xff, 0xff, 0xff]))
      await untilAsync(async () => (await countOf('netminder_network_banned_peers_total')) === 1)
      await untilAsync(
        async () => (await countOf('netminder_network_denied_connections_total{why="banned"}')) >= 1
      )
    } finally {
      await hostile.remove()
    }
  }))

async function untilAsync(isDone: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await isDone()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`expected ${isDone.toString()}`)
}
