/** The node's own log and metrics, as ports and as they are built. Knows nothing of what is measured. */
export { LogSampler, type LogSamplerOptions } from './log-sampler.ts'
export {
  createLogger,
  type LineSink,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  NULL_LOGGER
} from './logger.ts'
export {
  type Counter,
  findMetricNameFault,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type Labels,
  type LabelValues,
  type MetricDeclaration,
  type MetricOptions,
  type MetricsRegister,
  type MetricType,
  NullMetricsRegister
} from './metrics-register.ts'
export { PrometheusRegister, type PrometheusRegisterOptions } from './prometheus-register.ts'
export { renderMetricsReference } from './render-reference.ts'
