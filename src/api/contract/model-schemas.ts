/** The shapes of models and predictions on the wire. */
import * as z from 'zod'
import { MODEL_STAGES } from '../../registry/index.ts'
import { noteInput, reason, severity } from './schemas.ts'

const time = z.iso.datetime().describe('RFC 3339, UTC.')
const count = z.int().min(0)
const text = z.string()
const probability = z.number().min(0).max(1)

export const modelIdInput = z
  .string()
  .max(130)
  .regex(/^[A-Za-z0-9][\w.-]{0,63}@[A-Za-z0-9][\w.-]{0,63}$/, {
    error: 'expected the id of a model, name@version'
  })
  .describe('`name@version`.')
export const taskInput = z
  .string()
  .min(1)
  .max(64)
  .describe('What the model is for: `behaviour` judges a source by what it does.')

export const modelStage = z.enum(MODEL_STAGES).meta({
  id: 'ModelStage',
  description:
    'A candidate answers only when it is asked by name; shadow and canary are tried beside the champion, who answers for the task.'
})

export const thresholds = z
  .strictObject({
    watch: probability.optional(),
    throttle: probability.optional(),
    ban: probability.optional()
  })
  .meta({
    id: 'Thresholds',
    description: 'Scores from which on a source is watched, slowed down, banned: ascending.'
  })

export const model = z
  .strictObject({
    id: text.describe('`name@version`.'),
    name: text,
    version: text,
    task: text,
    kind: text.describe('`forest-stack`, `boosting`, `random-forest`, `isolation-forest`.'),
    stage: modelStage,
    origin: z.enum(['shipped', 'imported', 'trained']),
    sha256: text.describe('Of the manifest, which holds the hash of every other file.'),
    thresholds,
    notes: text,
    revision: count.describe('Grows with every change; also in the ETag.'),
    problem: text.nullable().describe('Why it cannot be used.'),
    created_at: time,
    updated_at: time
  })
  .meta({ id: 'Model' })

export const modelEvent = z
  .strictObject({
    at: time,
    model: text,
    action: z.enum(['install', 'promote', 'rollback', 'move', 'change', 'delete']),
    stage_before: modelStage.nullable(),
    stage_after: modelStage.nullable(),
    actor: text,
    reason: text
  })
  .meta({ id: 'ModelEvent' })

export const modelDetail = z
  .strictObject({
    model,
    manifest: z
      .looseObject({ name: text, version: text })
      .describe('manifest.json of the package.')
      .nullable(),
    history: z.array(modelEvent).describe('Newest first.')
  })
  .meta({ id: 'ModelDetail' })

export const modelChange = z.strictObject({
  stage: modelStage.optional(),
  thresholds: thresholds.optional(),
  notes: noteInput.optional(),
  force: z
    .boolean()
    .default(false)
    .describe('Although the model failed its gate: `reason` must say why.'),
  reason: noteInput.default('').describe('For the audit.')
})

const cell = z.union([z.number(), z.string().max(200), z.boolean(), z.null()])
export const featureRow = z
  .union([z.record(z.string().max(200), cell), z.array(cell).max(4_096)], {
    error: 'expected the features of a row: numbers, words, true, false or null'
  })
  .meta({
    id: 'FeatureRow',
    description:
      'Every feature of the model by name, or all in its order. Null stands for "not known"; a category is its word. What is missing, unknown or out of range is refused.'
  })

export const ROWS_MAX = 1_000

export const prediction = z
  .strictObject({
    score: probability
      .nullable()
      .describe('Probability of the second class; null where nobody could say.'),
    scores: z
      .record(text, probability)
      .optional()
      .describe('By class, where there are more than two.'),
    label: text.nullable(),
    verdict: text.nullable().describe('`benign`, or what the thresholds make of the score.')
  })
  .meta({ id: 'Prediction' })

export const predictions = z
  .strictObject({
    model: text.nullable().describe('Null: no model answered.'),
    task: text,
    predictions: z.array(prediction),
    fallback: z.boolean().describe('The rules answered, because no model could.'),
    reason: z.enum(['no-model', 'queue-full', 'thread-failed']).nullable()
  })
  .meta({ id: 'Predictions' })

export const modelExplanation = z
  .strictObject({
    model: text,
    score: probability,
    label: text,
    verdict: text.nullable(),
    bias: z.number().describe('What the model says of a row of which nothing is known.'),
    margin: z.number().describe('Bias and contributions together, before calibration.'),
    contributions: z
      .array(
        z.strictObject({
          feature: text,
          value: z.union([z.number(), text]).nullable(),
          contribution: z.number(),
          meaning: text.nullable()
        })
      )
      .describe('Strongest first.'),
    text: text.describe('One sentence for a person.')
  })
  .meta({
    id: 'ModelExplanation',
    description: 'How much each feature moved the score (TreeSHAP), in log-odds for two classes.'
  })

export const predictionRecord = z
  .strictObject({
    sequence: count,
    at: time,
    task: text,
    model: text.nullable(),
    client_ip: text.nullable(),
    score: z.number().nullable(),
    verdict: text.nullable(),
    fallback: z.boolean(),
    reason: text.nullable(),
    via: z.enum(['api', 'traffic'])
  })
  .meta({ id: 'PredictionRecord' })

const differingSources = z.strictObject({
  sources: count,
  newest: z
    .array(z.strictObject({ client_ip: text, judge: text, shadow: text }))
    .describe('The newest, with the most severe level that each has said.')
})

const comparison = z
  .strictObject({
    judgements: count,
    agreements: count.describe('Judgements on which both said the same level.'),
    pairs: z
      .array(z.strictObject({ judge: text, shadow: text, count }))
      .describe('How often which levels met; most frequent first.'),
    alone: differingSources.describe('What the shadow alone would have slowed down or banned.'),
    spared: differingSources.describe('What the shadow alone would not have.')
  })
  .meta({
    id: 'ShadowComparison',
    description:
      'A shadow beside the model that judged, by what each said itself before the rules; of at most 10 000 sources.'
  })

const livePerformance = z
  .strictObject({
    judgements: count.describe('Times that it was asked about a source.'),
    failures: count.describe('Times that it threw or gave no probability.'),
    latency_us: z.strictObject({ p50: z.number(), p99: z.number() }).nullable(),
    decisions: z
      .strictObject({ watch: count, throttle: count, ban: count, lifted: count })
      .describe('Made when it judged, and how many an operator took back.'),
    comparison: comparison.nullable().describe('Null: it was never a shadow.')
  })
  .meta({ id: 'LivePerformance' })

export const modelPerformance = z
  .strictObject({
    model: text,
    task: text,
    stage: modelStage,
    metrics: z.record(text, z.unknown()).describe('What training measured, as in the manifest.'),
    data: z
      .strictObject({ name: text, rows: count, synthetic: z.boolean() })
      .nullable()
      .describe('What it was trained on.'),
    predictions: count.describe('Since the start of the node.'),
    mean_score: z.number().nullable(),
    by_verdict: z.record(text, count),
    live: livePerformance
      .nullable()
      .describe('On the traffic of this node since its start; null: it was never asked.')
  })
  .meta({ id: 'ModelPerformance' })

export const mlStatus = z
  .strictObject({
    status: z.enum(['ok', 'fallback']).describe('`fallback`: the rules judge alone.'),
    plugin: text,
    version: text,
    enabled: z.boolean(),
    models_loaded: count,
    requests_analyzed: count,
    threshold: z.number().nullable().describe('Score from which on a source is banned.'),
    llm_detection: z.boolean(),
    champions: z.array(z.strictObject({ task: text, model: text, problem: text.nullable() })),
    queue: z.strictObject({ waiting_rows: count, blocks: count }),
    metrics: z.strictObject({
      total_requests: count,
      blocked_requests: count,
      block_rate: z.number(),
      avg_anomaly_score: z.number().nullable()
    })
  })
  .meta({ id: 'MlStatus' })

export const mlMetrics = z
  .strictObject({
    total_requests: count,
    blocked_requests: count.describe('Predictions that were throttle or ban.'),
    block_rate: z.number(),
    anomaly_detections: z.record(text, count).describe('Decisions of the last day, by category.'),
    llm_detections: count.nullable().describe('Null: not measured.'),
    injection_attempts: count.nullable().describe('Decisions of the last day for injections.'),
    avg_anomaly_score: z.number().nullable(),
    avg_synthetic_score: z.number().nullable().describe('Null: not measured.'),
    fallbacks: z.record(text, count).describe('Rows that the rules answered, by reason.'),
    hourly_stats: z.array(
      z.strictObject({
        hour: time,
        requests: count,
        blocked: count,
        anomalies_detected: count,
        llm_detected: count.nullable(),
        avg_anomaly_score: z.number().nullable()
      })
    ),
    uptime: count.describe('Seconds.')
  })
  .meta({ id: 'MlMetrics' })

export const analysis = z
  .strictObject({
    client_ip: text,
    is_abuse: z.boolean(),
    anomaly_score: probability,
    anomaly_type: text.describe('Category of what stands against it, or `normal`.'),
    severity,
    confidence: probability,
    reasons: z.array(text),
    details: z.array(reason),
    recommended_action: z.enum(['continue_monitoring', 'rate_limit', 'block']),
    model: text.nullable(),
    fallback: z.boolean(),
    llm_analysis: z
      .null()
      .describe('Nothing here judges texts yet; a text that is given is not looked at.')
  })
  .meta({ id: 'Analysis' })
