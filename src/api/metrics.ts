/** What the API counts. */
import type { MetricsRegister } from '../telemetry/index.ts'
import { OPERATION_IDS } from './contract/contract.ts'

export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof STATUS_CLASSES)[number]

export type ApiMetrics = ReturnType<typeof declareApiMetrics>

export function declareApiMetrics(register: MetricsRegister) {
  return {
    requests: register.counter({
      name: 'netminder_api_requests_total',
      help: 'Requests that were answered, by operation.',
      labels: { operation: [...OPERATION_IDS, 'none'], status: STATUS_CLASSES }
    }),
    duration: register.histogram({
      name: 'netminder_api_request_duration_seconds',
      help: 'Time from the header of a request to the end of its answer.',
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10]
    }),
    refusedConnections: register.counter({
      name: 'netminder_api_refused_connections_total',
      help: 'Connections that were dropped before an answer, by cause.',
      labels: { cause: ['malformed', 'slow', 'too-many'] }
    }),
    streams: register.gauge({
      name: 'netminder_api_event_stream_clients',
      help: 'Clients that follow the event stream.'
    }),
    droppedStreams: register.counter({
      name: 'netminder_api_dropped_event_stream_clients_total',
      help: 'Clients of the event stream that did not keep up.'
    })
  }
}
