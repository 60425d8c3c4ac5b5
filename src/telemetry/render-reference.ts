/** Generates the reference page of metrics from their declarations. */
import { type MetricsRegister, NullMetricsRegister } from './metrics-register.ts'

const HEAD = `# Metrics

Generated from the declarations by \`npm run generate\`; do not edit.

\`GET /metrics\` answers in the exposition format of Prometheus. It needs a token of the scope \`read\`, the UNIX socket, or
\`metrics.isPublic = true\`. Beside the metrics below it has those of the process under their usual names (\`process_*\`, \`nodejs_*\`).

While the node is in a network it has those of libp2p too, under libp2p's names: \`libp2p_*\` (connections, dials, streams and bytes by
protocol) and \`gossipsub_*\` (meshes, messages, scores; what libp2p counts in gauges ends in \`_total\` all the same). Their labels are
names of protocols and topics without the id of the network, so several networks are added up; no metric names a peer. The three
gauges that gossipsub keeps by full topic are left out: \`netminder_network_mesh_peers\` says the same. They start anew with the node.
`

/** The whole of `docs/METRICS.md`, from the functions with which components declare their metrics. */
export function renderMetricsReference(
  declare: readonly ((register: MetricsRegister) => unknown)[]
): string {
  const register = new NullMetricsRegister()
  for (const run of declare) run(register)
  const rows = [...register.declarations]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labelText(labels)} | ${help} |`
    )
  const table = ['| name | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n')
  return `${HEAD}\n${table}\n`
}

function labelText(labels: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(labels)
    .map(([label, values]) => `\`${label}\`: ${values.join(', ')}`)
    .join('<br>')
}
