/** Answers the three endpoints of the plug-in that was there before, in its words. */
import type { Decision, Explanation, GuardApi } from '../../defense/index.ts'
import { modelId, type PredictionLog } from '../../registry/index.ts'
import type { OperationResponse } from '../contract/contract.ts'
import { apiError } from '../errors.ts'
import type { NodeFacts } from '../ports.ts'
import { severityOf, wireTime } from '../projection.ts'
import type { Handlers } from './answer.ts'
import type { ModelPorts } from './model-routes.ts'

type PluginHandlers = Pick<Handlers, 'showMlStatus' | 'showMlMetrics' | 'analyzeClient'>
type WireAnalysis = OperationResponse<'analyzeClient'>

const TASK = 'behaviour'
const DAY_MS = 86_400_000
const PAGE = 1_000
/** Pages of decisions that are counted; a day with more is counted up to here. */
const PAGES_MAX = 20
const FLAGGED = ['throttle', 'ban'] as const

export function pluginHandlers(
  ports: ModelPorts & { readonly guard: GuardApi; readonly node: NodeFacts }
): PluginHandlers {
  const { registry, runner, predictions, guard, node } = ports
  return {
    showMlStatus() {
      const champion = registry.champion(TASK)
      const champions = registry.list().filter(({ stage }) => stage === 'champion')
      const isServing = runner.champion(TASK) !== undefined
      const counts = runner.counts()
      return {
        status: isServing ? 'ok' : 'fallback',
        ...{ plugin: 'netminder', version: node.version, enabled: true },
        models_loaded: champions.filter(({ task }) => runner.champion(task) !== undefined).length,
        requests_analyzed: guard.status().eventsTotal,
        threshold: champion?.thresholds.ban ?? null,
        llm_detection: false,
        champions: champions.map((record) => ({
          task: record.task,
          model: modelId(record),
          problem: registry.problem(modelId(record)) ?? null
        })),
        queue: { waiting_rows: counts.waitingRows, blocks: counts.blocks },
        metrics: shares(predictions)
      }
    },
    showMlMetrics(_request, { nowMs }) {
      const { byCategory, byHour } = decisionsOf(guard, nowMs)
      return {
        ...shares(predictions),
        anomaly_detections: byCategory,
        llm_detections: null,
        injection_attempts: byCategory['scanner'] ?? 0,
        avg_synthetic_score: null,
        fallbacks: { ...runner.counts().fallbacks },
        hourly_stats: predictions.hours().map((hour) => ({
          hour: wireTime(hour.hourMs),
          requests: hour.predictions,
          blocked: hour.flagged,
          anomalies_detected: byHour.get(hour.hourMs) ?? 0,
          llm_detected: null,
          avg_anomaly_score: hour.predictions === 0 ? null : hour.scoreSum / hour.predictions
        })),
        uptime: Math.max(0, Math.floor((nowMs - guard.status().startedAtMs) / 1_000))
      }
    },
    analyzeClient({ body }) {
      const clientIp = body.client_ip ?? clientOf(body.request_data) ?? clientOf(body.context)
      if (clientIp === undefined) {
        const detail = 'expected the address of a client'
        throw apiError('REQUEST_INVALID', `/body/client_ip: ${detail}`, {
          extensions: { errors: [{ pointer: '/body/client_ip', detail }] }
        })
      }
      return analysisOf(guard.explain(clientIp), predictions)
    }
  }
}

function clientOf(facts: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const value = facts?.['client_ip']
  return typeof value === 'string' && value.length <= 64 ? value : undefined
}

function shares(log: PredictionLog) {
  const { predictions, scoreSum, byVerdict } = log.totals()
  const blocked = FLAGGED.reduce((sum, verdict) => sum + (byVerdict[verdict] ?? 0), 0)
  return {
    total_requests: predictions,
    blocked_requests: blocked,
    block_rate: predictions === 0 ? 0 : blocked / predictions,
    avg_anomaly_score: predictions === 0 ? null : scoreSum / predictions
  }
}

/** Of the last day. */
function decisionsOf(guard: GuardApi, nowMs: number) {
  const byCategory: Record<string, number> = {}
  const byHour = new Map<number, number>()
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const found = guard.decisions({ sinceMs: nowMs - DAY_MS, limit: PAGE, cursor })
    for (const { category, createdAtMs } of found.items) {
      byCategory[category] = (byCategory[category] ?? 0) + 1
      const hourMs = Math.floor(createdAtMs / 3_600_000) * 3_600_000
      byHour.set(hourMs, (byHour.get(hourMs) ?? 0) + 1)
    }
    cursor = found.nextCursor
    if (cursor === undefined) break
  }
  return { byCategory, byHour }
}

/** What stands against an address now; else the newest prediction about it; else nothing. */
function analysisOf(explained: Explanation, log: PredictionLog): WireAnalysis {
  const standing = explained.decisions
    .filter(({ state }) => state === 'in-force' || state === 'shadow')
    .map(({ decision }) => decision)
    .sort((a, b) => b.score - a.score)
  const [worst] = standing
  const base = { client_ip: explained.address, llm_analysis: null, fallback: false } as const
  if (worst !== undefined) return { ...base, ...judged(worst, standing) }
  const [seen] = log.list({ limit: 1, matches: ({ clientIp }) => clientIp === explained.address })
  const score = seen?.score ?? 0
  return {
    ...base,
    is_abuse: seen?.verdict === 'throttle' || seen?.verdict === 'ban',
    anomaly_score: score,
    anomaly_type: 'normal',
    severity: 'low',
    confidence: seen === undefined ? 0 : Math.max(score, 1 - score),
    reasons: seen === undefined ? ['nothing stands against it'] : [],
    details: [],
    recommended_action: 'continue_monitoring',
    model: seen?.model ?? null,
    fallback: seen?.fallbackReason !== undefined
  }
}

function judged(worst: Decision, standing: readonly Decision[]) {
  const reasons = standing.flatMap((decision) => decision.reasons)
  return {
    is_abuse: worst.type !== 'watch',
    anomaly_score: worst.score,
    anomaly_type: worst.category,
    severity: severityOf(worst),
    confidence: worst.score,
    reasons: reasons.map(({ text }) => text),
    details: reasons.map(({ rule, text, counters }) => ({ rule, text, counters: { ...counters } })),
    recommended_action: ACTIONS[worst.type],
    model: worst.model ?? null
  }
}

const ACTIONS = { ban: 'block', throttle: 'rate_limit', watch: 'continue_monitoring' } as const
