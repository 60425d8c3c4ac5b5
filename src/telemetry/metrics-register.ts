/**
 * The metrics port: what a component sees of Prometheus. Names are checked when they are declared, and a label takes only
 * the values that were declared for it, so that no stranger can make series grow.
 */
import { assert } from '../base/index.ts'

export type MetricType = 'counter' | 'gauge' | 'histogram'

/** Name of each label and every value it can have. A value outside of them is counted as `other`. */
export type LabelValues = Readonly<Record<string, readonly string[]>>
export type Labels<L extends LabelValues> = { readonly [Key in keyof L]: L[Key][number] }
/** Without labels there is nothing to pass. */
type LabelArguments<L extends LabelValues> = keyof L extends never ? [] : [labels: Labels<L>]

export interface MetricOptions<L extends LabelValues> {
  /** `netminder_<component>_<noun>_<unit>`, of a counter with `_total` at the end; base units (seconds, bytes). */
  readonly name: string
  readonly help: string
  readonly labels?: L
}

export interface HistogramOptions<L extends LabelValues> extends MetricOptions<L> {
  /** Upper bounds in the unit of the name, ascending. */
  readonly buckets: readonly number[]
}

export interface Counter<L extends LabelValues> {
  add(amount: number, ...labels: LabelArguments<L>): void
}

export interface Gauge<L extends LabelValues> {
  set(value: number, ...labels: LabelArguments<L>): void
}

export interface Histogram<L extends LabelValues> {
  observe(value: number, ...labels: LabelArguments<L>): void
}

// biome-ignore lint/complexity/noBannedTypes: a metric without labels has exactly the empty object of labels.
type NoLabels = {}

export interface MetricsRegister {
  counter<const L extends LabelValues = NoLabels>(options: MetricOptions<L>): Counter<L>
  gauge<const L extends LabelValues = NoLabels>(options: MetricOptions<L>): Gauge<L>
  histogram<const L extends LabelValues = NoLabels>(options: HistogramOptions<L>): Histogram<L>
  /** Before the metrics are read: for gauges of what changes without anybody being told. */
  onScrape(fill: () => void): void
}

export interface MetricDeclaration {
  readonly type: MetricType
  readonly name: string
  readonly help: string
  readonly labels: LabelValues
}

/** Prometheus counts in base units; a name that ends in one of these measures in something else. */
const DERIVED_UNITS =
  /_(ms|milliseconds|microseconds|nanoseconds|minutes|hours|days|kilobytes|megabytes|kb|mb|kib|mib|bits|percents?)$/

const LABEL_VALUES_MAX = 128

/** Why a declaration breaks the rules of names, or undefined if it keeps them. */
export function findMetricNameFault(declaration: MetricDeclaration): string | undefined {
  const { type, name, help, labels } = declaration
  if (!/^netminder(_[a-z0-9]+){2,}$/.test(name)) {
    return `expected netminder_<component>_<noun>_<unit>, got "${name}"`
  }
  const isTotal = name.endsWith('_total')
  if (isTotal !== (type === 'counter')) {
    return `expected _total at the end of counters and of nothing else, got ${type} "${name}"`
  }
  const measured = isTotal ? name.slice(0, -'_total'.length) : name
  if (!/(s|_ratio|_info)$/.test(measured) || DERIVED_UNITS.test(measured)) {
    return `expected a base unit (seconds, bytes, ratio, info) or what is counted in the plural at the end, got "${name}"`
  }
  if (!/^[A-Z].*\.$/.test(help)) return `expected one sentence as help of ${name}, got "${help}"`
  for (const [label, values] of Object.entries(labels)) {
    if (!/^[a-z][a-z0-9_]*$/.test(label)) return `expected a snake_case label, got "${label}"`
    if (values.length === 0 || values.length > LABEL_VALUES_MAX) {
      return `expected 1 to ${LABEL_VALUES_MAX} values of label ${label} of ${name}, got ${values.length}`
    }
  }
  return undefined
}

/** The label values to count under: what was not declared becomes `other`. */
export function boundLabels(
  declared: LabelValues,
  given: Readonly<Record<string, string>>
): Record<string, string> {
  const bounded: Record<string, string> = {}
  for (const [label, values] of Object.entries(declared)) {
    const value = given[label] ?? ''
    bounded[label] = values.includes(value) ? value : 'other'
  }
  return bounded
}

/** Keeps nothing: what components get when metrics are off. It still checks names. */
export class NullMetricsRegister implements MetricsRegister {
  readonly #declarations: MetricDeclaration[] = []

  /** Everything that was declared here, in order: for the reference page and for the test that lints all names. */
  get declarations(): readonly MetricDeclaration[] {
    return this.#declarations
  }

  counter<const L extends LabelValues>(options: MetricOptions<L>): Counter<L> {
    this.#declare('counter', options)
    return { add() {} }
  }

  gauge<const L extends LabelValues>(options: MetricOptions<L>): Gauge<L> {
    this.#declare('gauge', options)
    return { set() {} }
  }

  histogram<const L extends LabelValues>(options: HistogramOptions<L>): Histogram<L> {
    this.#declare('histogram', options)
    return { observe() {} }
  }

  onScrape() {}

  #declare(type: MetricType, options: MetricOptions<LabelValues>): void {
    this.#declarations.push(declarationOf(type, options))
  }
}

/** @throws {ASSERTION_FAILED} if the name breaks the rules */
export function declarationOf(
  type: MetricType,
  options: MetricOptions<LabelValues>
): MetricDeclaration {
  const declaration = {
    type,
    name: options.name,
    help: options.help,
    labels: options.labels ?? {}
  }
  const fault = findMetricNameFault(declaration)
  assert(fault === undefined, fault ?? '')
  return declaration
}
