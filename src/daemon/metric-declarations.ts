/** Every metric of the program, for the reference page and the test of names. */
import { declareApiMetrics } from '../api/index.ts'
import type { MetricsRegister } from '../telemetry/index.ts'
import { declareFeedbackMetrics } from './feedback-metrics.ts'
import {
  declareGuardMetrics,
  declareModelMetrics,
  declareNetworkMetrics,
  declareSharingMetrics,
  declareSourceMetrics
} from './metrics.ts'

export function collectMetrics(): readonly ((register: MetricsRegister) => unknown)[] {
  return [
    declareGuardMetrics,
    declareSourceMetrics,
    declareModelMetrics,
    declareFeedbackMetrics,
    declareNetworkMetrics,
    declareSharingMetrics,
    declareApiMetrics
  ]
}
