/**
 * What libp2p and gossipsub measure of themselves, in a registry that is theirs alone. Every label is of a set that does not grow:
 * ids of networks are cut out of protocols and topics, so that joining and leaving adds no series; peers are nowhere named.
 */
import type { gossipsub } from '@libp2p/gossipsub'
import type {
  CalculatedMetricOptions,
  Metrics,
  MultiaddrConnection,
  Stream
} from '@libp2p/interface'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Gauge, Histogram, type Registry } from 'prom-client'
import { findTopic } from '../../wire/index.ts'

type GossipOptions = NonNullable<Parameters<typeof gossipsub>[0]>
type GossipRegister = NonNullable<GossipOptions['metricsRegister']>
type GossipGauge = ReturnType<GossipRegister['gauge']>

/** What the adapter has and its interface leaves out: it counts the bytes of a stream under a name. */
interface Tracker extends Metrics {
  _track(stream: Stream | MultiaddrConnection, name: string): void
}

/** Of the machine and the process, which others measure; one of them asks the file system at every scrape. */
const NOT_OF_THE_NETWORK = [
  'nodejs_memory_usage_bytes',
  'nodejs_memory_total_bytes',
  'nodejs_fs_usage_bytes'
]

/** `/netminder/<id>/sync/1.0.0` is `/netminder/sync/1.0.0`, in whatever words it stands. */
export function withoutNetworkId(text: string): string {
  return text.replaceAll(/\/netminder\/[0-9a-f]{32}\//g, '/netminder/')
}

/** For one start of libp2p: what an earlier one registered is gone with its registry's content. */
export function hostMetrics(registry: Registry): (components: HostComponents) => Metrics {
  return (components) => {
    // The adapter remembers metrics by name for the whole process, and would hand out those of a host that has stopped.
    const preserveExistingMetrics = false
    const create = prometheusMetrics({
      registry,
      preserveExistingMetrics,
      collectDefaultMetrics: false
    })
    const metrics = create(components) as Tracker
    for (const name of NOT_OF_THE_NETWORK) registry.removeSingleMetric(name)
    return Object.assign(Object.create(metrics) as Metrics, {
      trackProtocolStream: (stream: Stream) =>
        metrics._track(stream, withoutNetworkId(stream.protocol)),
      registerMetricGroup: (name: string, options?: Partial<GroupOptions>) => {
        const { calculate } = options ?? {}
        return calculate === undefined
          ? metrics.registerMetricGroup(name, options)
          : metrics.registerMetricGroup(name, { ...options, calculate: bounded(name, calculate) })
      }
    })
  }
}

type HostComponents = Parameters<ReturnType<typeof prometheusMetrics>>[0]
type GroupOptions = CalculatedMetricOptions<Record<string, number>>

/** What is no longer there counts 0: the adapter itself would show the last value for ever. */
function bounded(name: string, calculate: GroupOptions['calculate']): GroupOptions['calculate'] {
  const isSummed = !name.endsWith('percentile')
  const seen = new Set<string>()
  return async () => {
    const values = Object.fromEntries([...seen].map((label) => [label, 0]))
    for (const [key, value] of Object.entries(await calculate())) {
      const label = withoutNetworkId(key)
      seen.add(label)
      const before = values[label] ?? 0
      values[label] = isSummed ? before + value : Math.max(before, value)
    }
    return values
  }
}

/** Of two networks the later would overwrite the earlier; `netminder_network_mesh_peers` says it rightly. */
const BY_RAW_TOPIC = 'topicStr'

class TopicLabels extends Map<string, string> {
  override get(name: string): string {
    return findTopic(name)?.topic ?? 'other'
  }
}

export function gossipMetrics(
  registry: Registry | undefined
): Pick<GossipOptions, 'metricsRegister' | 'metricsTopicStrToLabel'> {
  if (registry === undefined) return {}
  return { metricsRegister: gossipRegister(registry), metricsTopicStrToLabel: new TopicLabels() }
}

interface Declaration {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  readonly buckets?: readonly number[]
}

function gossipRegister(registry: Registry): GossipRegister {
  const registers = [registry]
  const collectors: (() => void)[] = []
  // Registered first, and so collected before the others are read: these fill many gauges at once.
  const collect = () => {
    for (const run of collectors) run()
  }
  const register = {
    gauge({ name, help, labelNames = [] }: Declaration): GossipGauge {
      if (labelNames.includes(BY_RAW_TOPIC)) return UNHEARD
      const gauge = new Gauge({
        ...{ name, help, labelNames: [...labelNames], registers },
        ...(name === FIRST_GAUGE && { collect })
      })
      const own = {
        inc: gauge.inc.bind(gauge),
        set: gauge.set.bind(gauge),
        addCollect: (run: (gauge: GossipGauge) => void) => {
          collectors.push(() => run(own))
        }
      } as GossipGauge
      return own
    },
    histogram({ name, help, labelNames = [], buckets }: Declaration) {
      return new Histogram({
        ...{ name, help, labelNames: [...labelNames], registers },
        ...(buckets && { buckets: [...buckets] })
      })
    },
    avgMinMax({ name, help, labelNames = [] }: Declaration) {
      const [avg, min, max] = ['avg', 'min', 'max'].map(
        (of) => new Gauge({ name: `${name}_${of}`, help, labelNames: [...labelNames], registers })
      )
      return {
        set(...given: readonly [number[]] | readonly [Record<string, string>, number[]]) {
          const [labels, values] = given.length === 1 ? [{}, given[0]] : given
          const count = Math.max(1, values.length)
          avg?.set(labels, values.reduce((sum, value) => sum + value, 0) / count)
          min?.set(labels, values.length === 0 ? 0 : Math.min(...values))
          max?.set(labels, values.length === 0 ? 0 : Math.max(...values))
        }
      }
    }
  }
  // Its types tell labels apart at compile time; at run time they are what was declared.
  return register as unknown as GossipRegister
}

const FIRST_GAUGE = 'gossipsub_protocol'
const UNHEARD: GossipGauge = { inc() {}, set() {}, addCollect() {} }
