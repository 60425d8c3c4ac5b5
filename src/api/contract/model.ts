/** Models: packages and stages, predictions, and the three endpoints of the plug-in that was there before. */
import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import {
  analysis,
  featureRow,
  mlMetrics,
  mlStatus,
  model,
  modelChange,
  modelDetail,
  modelExplanation,
  modelIdInput,
  modelPerformance,
  modelStage,
  predictionRecord,
  predictions,
  ROWS_MAX,
  taskInput
} from './model-schemas.ts'
import { noteInput, pageOf, pageQuery, prefixInput } from './schemas.ts'

/** What the examples speak of. */
const SAMPLE = 'sample@1'
const SAMPLE_ROW = { requests: 41, upload_share: 0.9, agent: 'none', rule_score: 0.4 }
const PREDICT_BYTES_MAX = 8 * 1_048_576
const PACKAGE_BYTES_MAX = 65 * 1_048_576
const params = z.strictObject({ model_id: modelIdInput })
const target = {
  model: modelIdInput.optional().describe('Asks this model, whatever its stage.'),
  task: taskInput.default('behaviour').describe('Asks the champion of this task.')
}

/** Whatever a package can be refused for. */
const PACKAGE_ERRORS = [
  'PACKAGE_TOO_LARGE',
  'TAR_INVALID',
  'PACKAGE_INVALID',
  'HASH_MISMATCH',
  'GOLDEN_MISMATCH',
  'SIGNATURE_MISSING',
  'SIGNATURE_INVALID',
  'SIGNATURE_FOREIGN',
  'FOREST_INVALID',
  'ONNX_INVALID',
  'OPERATOR_UNKNOWN',
  'DOMAIN_FOREIGN',
  'EXTERNAL_DATA',
  'TENSOR_TOO_LARGE',
  'PACKAGE_UNWRITABLE'
] as const
/** A model that is known can still be lost or bent on the disk. */
const LOAD_ERRORS = [
  'MODEL_NOT_FOUND',
  'PACKAGE_MISSING',
  'PACKAGE_INVALID',
  'HASH_MISMATCH'
] as const

const models = {
  listModels: {
    method: 'GET',
    path: '/api/ml/models',
    tag: 'models',
    summary: 'List models, newest first.',
    scope: 'read',
    query: z.strictObject({ task: taskInput.optional(), stage: modelStage.optional() }),
    status: 200,
    response: z.strictObject({ items: z.array(model) }),
    errors: [],
    example: { query: { stage: 'champion' } }
  },
  installModel: {
    method: 'POST',
    path: '/api/ml/models',
    tag: 'models',
    summary: 'Take a package as a candidate.',
    description:
      'The package is checked before anything of it is kept: every hash, the signature, the operators, and that the model says what it said when it was made. One that this node did not sign is refused, unless `unsigned` says that the caller answers for it; one that another signed always is.',
    scope: 'train',
    query: z.strictObject({
      unsigned: z
        .boolean()
        .default(false)
        .describe('Take a package without a signature; the audit names who did.'),
      reason: noteInput.default('').describe('For the audit.')
    }),
    upload: {
      mediaType: 'application/x-tar',
      description:
        'The files of one package: manifest.json and those that it names; at most 64 MiB.',
      bytesMax: PACKAGE_BYTES_MAX,
      example: ''
    },
    status: 201,
    response: model,
    errors: ['MODEL_EXISTS', 'INSTALL_IN_PROGRESS', ...PACKAGE_ERRORS],
    example: { query: { unsigned: true } }
  },
  rollbackModel: {
    method: 'POST',
    path: '/api/ml/models/rollback',
    tag: 'models',
    summary: 'Bring the champion before this one back.',
    description:
      'One transaction: when this answers, no later answer is that of the model which was turned out. A second step goes back further, not forth again.',
    scope: 'train',
    body: z.strictObject({
      task: taskInput.default('behaviour'),
      reason: noteInput.default('').describe('For the audit.')
    }),
    status: 200,
    response: model,
    errors: [
      'NO_EARLIER_CHAMPION',
      'MODEL_UNFIT',
      'PACKAGE_MISSING',
      'PACKAGE_INVALID',
      'HASH_MISMATCH'
    ],
    example: { body: { reason: 'too many false alarms' } }
  },
  showModel: {
    method: 'GET',
    path: '/api/ml/models/{model_id}',
    tag: 'models',
    summary: 'Show a model, its manifest and what happened to it.',
    scope: 'read',
    params,
    hasRevision: true,
    status: 200,
    response: modelDetail,
    errors: ['MODEL_NOT_FOUND'],
    example: { params: { model_id: SAMPLE } }
  },
  changeModel: {
    method: 'PUT',
    path: '/api/ml/models/{model_id}',
    tag: 'models',
    summary: 'Change stage, thresholds or notes of a model.',
    description:
      'What is left out stays. Who becomes champion takes the place of the one who was: when this answers, no later answer is the old one’s.',
    scope: 'train',
    params,
    hasRevision: true,
    body: modelChange,
    status: 200,
    response: model,
    errors: [
      ...LOAD_ERRORS,
      'MODEL_IS_CHAMPION',
      'MODEL_UNFIT',
      'GATE_FAILED',
      'STAGE_FULL',
      'THRESHOLDS_INVALID'
    ],
    example: {
      params: { model_id: SAMPLE },
      body: { thresholds: { watch: 0.5, throttle: 0.8, ban: 0.95 }, notes: 'stricter' }
    }
  },
  deleteModel: {
    method: 'DELETE',
    path: '/api/ml/models/{model_id}',
    tag: 'models',
    summary: 'Delete a model and its files; not the champion, and not what is shipped.',
    scope: 'train',
    params,
    status: 204,
    errors: ['MODEL_NOT_FOUND', 'MODEL_IS_CHAMPION', 'MODEL_IS_SHIPPED'],
    example: { params: { model_id: 'sample@2' } }
  },
  exportModel: {
    method: 'GET',
    path: '/api/ml/models/{model_id}/package',
    tag: 'models',
    summary: 'Download the package of a model.',
    scope: 'read',
    params,
    status: 200,
    text: {
      mediaType: 'application/x-tar',
      description: 'The files of the package.',
      example: '',
      isStream: true
    },
    errors: [...LOAD_ERRORS],
    example: { params: { model_id: SAMPLE } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const answers = {
  predict: {
    method: 'POST',
    path: '/api/ml/predict',
    tag: 'models',
    summary: 'Ask a model about one row or several.',
    scope: 'read',
    isQuery: true,
    bodyBytesMax: PREDICT_BYTES_MAX,
    body: z
      .strictObject({
        ...target,
        features: featureRow.optional(),
        rows: z.array(featureRow).min(1).max(ROWS_MAX).optional()
      })
      .refine(({ features, rows }) => (features === undefined) !== (rows === undefined), {
        error: 'expected either features or rows'
      }),
    status: 200,
    response: predictions,
    errors: [...LOAD_ERRORS],
    example: { body: { features: SAMPLE_ROW } }
  },
  batchPredict: {
    method: 'POST',
    path: '/api/ml/batch-predict',
    tag: 'models',
    summary: 'Ask a model about any number of rows, as lines of JSON both ways.',
    description:
      'A line is a row, or an object with the row as `features`. Each is answered in order by a line with its number (`row`), `score`, `label`, `verdict` and the `model` that spoke, or with an `error`; with `fallback` and `reason` where the rules had to answer. Answers come while rows are still being sent.',
    scope: 'read',
    isQuery: true,
    query: z.strictObject(target),
    upload: {
      mediaType: 'application/x-ndjson',
      description: 'One row a line, each at most 1 MiB.',
      bytesMax: undefined,
      example: `${JSON.stringify(SAMPLE_ROW)}\n`
    },
    status: 200,
    text: {
      mediaType: 'application/x-ndjson',
      description: 'One answer a line.',
      example: '{"row":0,"score":0.03,"label":"benign","verdict":"benign","model":"sample@1"}\n',
      isStream: true
    },
    errors: [...LOAD_ERRORS, 'TOO_MANY_BATCHES'],
    example: {}
  },
  explainPrediction: {
    method: 'POST',
    path: '/api/ml/explain',
    tag: 'models',
    summary: 'Say which features moved the score of a row, and by how much.',
    scope: 'read',
    isQuery: true,
    body: z.strictObject({ ...target, features: featureRow }),
    status: 200,
    response: modelExplanation,
    errors: [...LOAD_ERRORS, 'NOT_EXPLAINABLE'],
    example: { body: { features: SAMPLE_ROW } }
  },
  listPredictions: {
    method: 'GET',
    path: '/api/ml/predictions',
    tag: 'models',
    summary: 'List the newest predictions that were made one by one.',
    description: 'The last 10 000 since the start of the node; rows of a batch are only counted.',
    scope: 'read',
    query: z.strictObject({
      model: modelIdInput.optional(),
      client_ip: prefixInput.optional(),
      verdict: z.enum(['benign', 'watch', 'throttle', 'ban']).optional(),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(predictionRecord),
    errors: ['CURSOR_INVALID'],
    example: { query: { limit: 5 } }
  },
  showPerformance: {
    method: 'GET',
    path: '/api/ml/performance',
    tag: 'models',
    summary: 'Show what each model was measured to be worth, and what it has said since.',
    scope: 'read',
    query: z.strictObject({ model: modelIdInput.optional(), task: taskInput.optional() }),
    status: 200,
    response: z.strictObject({ items: z.array(modelPerformance) }),
    errors: ['MODEL_NOT_FOUND'],
    example: {}
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const plugin = {
  showMlStatus: {
    method: 'GET',
    path: '/api/ml/status',
    tag: 'models',
    summary: 'Show whether models judge, in the words of the earlier plug-in.',
    scope: 'read',
    status: 200,
    response: mlStatus,
    errors: [],
    example: {}
  },
  showMlMetrics: {
    method: 'GET',
    path: '/api/ml/metrics',
    tag: 'models',
    summary: 'Show what was judged, in the words of the earlier plug-in.',
    scope: 'read',
    status: 200,
    response: mlMetrics,
    errors: [],
    example: {}
  },
  analyzeClient: {
    method: 'POST',
    path: '/api/ml/analyze',
    tag: 'models',
    summary: 'Say what is known of an address, in the words of the earlier plug-in.',
    scope: 'read',
    isQuery: true,
    body: z.strictObject({
      client_ip: z
        .string()
        .min(2)
        .max(64)
        .optional()
        .describe('Where it is left out, `request_data` or `context` must have it.'),
      text: z.string().max(32_768).optional().describe('Taken for the sake of old callers.'),
      request_data: z.record(z.string().max(200), z.unknown()).optional(),
      context: z.record(z.string().max(200), z.unknown()).optional()
    }),
    status: 200,
    response: analysis,
    errors: ['ADDRESS_INVALID'],
    example: { body: { client_ip: '198.51.100.7' } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

export const MODEL_ENDPOINTS = { ...models, ...answers, ...plugin } as const
