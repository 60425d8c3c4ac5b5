/** The metrics port on prom-client, with the metrics of the process itself under the names that every dashboard knows. */
import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry
} from 'prom-client'
import {
  boundLabels,
  type Counter,
  declarationOf,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type LabelValues,
  type MetricOptions,
  type MetricsRegister
} from './metrics-register.ts'

type Given = readonly [] | readonly [labels: Readonly<Record<string, string>>]

export interface PrometheusRegisterOptions {
  /** Whether `process_*` and `nodejs_*` are kept. @default true */
  readonly hasProcessMetrics?: boolean
}

export class PrometheusRegister implements MetricsRegister {
  readonly #registry = new Registry()
  readonly #fills: (() => void)[] = []
  /** For one library that names its metrics itself, and may empty it; its text follows ours. */
  readonly foreign = new Registry()

  constructor(options: PrometheusRegisterOptions = {}) {
    if (options.hasProcessMetrics ?? true) collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The text that Prometheus scrapes (exposition format 0.0.4). */
  async text(): Promise<string> {
    for (const fill of this.#fills) fill()
    const own = await this.#registry.metrics()
    const foreign = await this.foreign.metrics()
    return foreign.trim() === '' ? own : `${own}\n${foreign}`
  }

  onScrape(fill: () => void): void {
    this.#fills.push(fill)
  }

  counter<const L extends LabelValues>(options: MetricOptions<L>): Counter<L> {
    const { name, help, labels } = declarationOf('counter', options)
    const labelNames = Object.keys(labels)
    const metric = new PromCounter({ name, help, labelNames, registers: [this.#registry] })
    return {
      add: (amount, ...given) => metric.inc(boundLabels(labels, (given as Given)[0] ?? {}), amount)
    }
  }

  gauge<const L extends LabelValues>(options: MetricOptions<L>): Gauge<L> {
    const { name, help, labels } = declarationOf('gauge', options)
    const labelNames = Object.keys(labels)
    const metric = new PromGauge({ name, help, labelNames, registers: [this.#registry] })
    return {
      set: (value, ...given) => metric.set(boundLabels(labels, (given as Given)[0] ?? {}), value)
    }
  }

  histogram<const L extends LabelValues>(options: HistogramOptions<L>): Histogram<L> {
    const { name, help, labels } = declarationOf('histogram', options)
    const metric = new PromHistogram({
      name,
      help,
      labelNames: Object.keys(labels),
      buckets: [...options.buckets],
      registers: [this.#registry]
    })
    return {
      observe: (value, ...given) =>
        metric.observe(boundLabels(labels, (given as Given)[0] ?? {}), value)
    }
  }
}
