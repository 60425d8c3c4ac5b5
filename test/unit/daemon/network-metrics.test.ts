import { ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { declareNetworkMetrics, measureNetwork } from '../../../src/daemon/metrics.ts'
import { PrometheusRegister } from '../../../src/telemetry/index.ts'
import { FakeNetwork } from '../../support/fake-network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('figures of the networks')

/** Of networks with meshes of so many, or nobody. */
async function textOf(meshes: readonly (number | 'alone')[]): Promise<string> {
  const fake = new FakeNetwork()
  const [template] = fake.status().networks
  if (template === undefined) throw new Error('expected a network')
  const networks = meshes.map((mesh) => {
    const size = mesh === 'alone' ? 0 : mesh
    const sizes = { alert: size, vote: size, list: size, ctl: size }
    return { ...template, isAlone: mesh === 'alone', mesh: sizes }
  })
  const register = new PrometheusRegister({ hasProcessMetrics: false })
  const network = {
    onEvent: () => () => undefined,
    status: () => ({ ...fake.status(), networks })
  }
  const clock = new ManualClock()
  measureNetwork(network, declareNetworkMetrics(register), { register, clock })
  return await register.text()
}

for (const { name, meshes, mesh, alone } of [
  { name: 'no network', meshes: [], mesh: 0, alone: 0 },
  { name: 'the one with the fewest', meshes: [6, 2, 8], mesh: 2, alone: 0 },
  { name: 'none of those where nobody is', meshes: ['alone', 6, 'alone'], mesh: 6, alone: 2 },
  { name: 'one without a mesh, though another is alone', meshes: [0, 'alone'], mesh: 0, alone: 1 },
  { name: 'nobody anywhere', meshes: ['alone'], mesh: 0, alone: 1 }
] as const) {
  test(`the mesh is that of ${name}`, async () => {
    const text = await textOf(meshes)
    ok(text.includes(`\nnetminder_network_mesh_peers{topic="alert"} ${mesh}\n`), text)
    ok(text.includes(`\nnetminder_network_alone_networks ${alone}\n`), text)
  })
}
