/** The Open Inference Protocol, version 2, over REST (kserve/open-inference-protocol): bodies as KServe writes them. */
import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'

const text = z.string()
const shape = z.array(z.int().min(0)).max(8)
const DATATYPES = [
  ...['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'],
  ...['FP16', 'FP32', 'FP64', 'BYTES']
]
const parameters = z.record(text, z.union([text, z.number(), z.boolean()])).optional()
const INFER_BYTES_MAX = 8 * 1_048_576

const tensorMetadata = z
  .strictObject({
    name: text,
    datatype: text,
    shape: z.array(z.int().min(-1)).describe('-1 where any number will do.')
  })
  .meta({ id: 'TensorMetadata' })

const modelMetadata = z
  .strictObject({
    name: text,
    versions: z.array(text),
    platform: text,
    inputs: z.array(tensorMetadata),
    outputs: z.array(tensorMetadata)
  })
  .meta({ id: 'InferenceModelMetadata' })

const inferRequest = z.looseObject({
  id: z.string().max(200).optional(),
  parameters,
  inputs: z
    .array(
      z.looseObject({
        name: z.string().max(200),
        shape,
        datatype: z.enum(DATATYPES),
        parameters,
        data: z
          .array(z.unknown())
          .describe(
            'Row by row, nested or flat. Null stands for "not known"; a category is the number of its word. Of 64 bits as much as a double holds; larger types may be sent as text.'
          )
      })
    )
    .min(1)
    .max(16),
  outputs: z
    .array(z.looseObject({ name: z.string().max(200), parameters }))
    .max(16)
    .optional()
})

const inferResponse = z
  .strictObject({
    model_name: text,
    model_version: text,
    id: text.optional(),
    parameters,
    outputs: z.array(
      z.strictObject({
        name: text,
        shape,
        datatype: text,
        data: z.array(z.union([z.number(), text]))
      })
    )
  })
  .meta({ id: 'InferenceResponse' })

const nameInput = z
  .string()
  .min(1)
  .max(64)
  .describe('A task, whose champion then answers, or the name of a model.')
const named = z.strictObject({ model_name: nameInput })
const versioned = z.strictObject({ model_name: nameInput, version: z.string().min(1).max(64) })
const readiness = z.strictObject({ name: text, ready: z.boolean() })

const common = { tag: 'inference', scope: 'read', status: 200, errorForm: 'error-text' } as const
const metadata = {
  ...common,
  method: 'GET',
  response: modelMetadata,
  errors: ['MODEL_NOT_FOUND']
} as const
const ready = {
  ...common,
  method: 'GET',
  response: readiness,
  errors: ['MODEL_NOT_FOUND']
} as const
const infer = {
  ...common,
  method: 'POST',
  isQuery: true,
  body: inferRequest,
  bodyBytesMax: INFER_BYTES_MAX,
  response: inferResponse,
  errors: ['MODEL_NOT_FOUND', 'MODEL_NOT_READY']
} as const
const SAMPLE = { model_name: 'sample', version: '1' }
const SAMPLE_BODY = {
  id: 'one',
  inputs: [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: [[41, 0.9, null, 0.4]] }]
}

export const INFERENCE_ENDPOINTS = {
  showInferenceServer: {
    ...common,
    method: 'GET',
    path: '/v2',
    summary: 'Name the server, its version and its extensions.',
    response: z.strictObject({ name: text, version: text, extensions: z.array(text) }),
    errors: [],
    example: {}
  },
  checkInferenceLive: {
    ...common,
    scope: 'public',
    method: 'GET',
    path: '/v2/health/live',
    summary: 'Answer while the process lives.',
    response: z.strictObject({ live: z.boolean() }),
    errors: [],
    isRateLimited: false,
    example: {}
  },
  checkInferenceReady: {
    ...common,
    scope: 'public',
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'Say whether a champion answers.',
    response: z.strictObject({ ready: z.boolean() }),
    errors: [],
    isRateLimited: false,
    example: {}
  },
  showInferenceModel: {
    ...metadata,
    path: '/v2/models/{model_name}',
    summary: 'Show what a model takes and gives.',
    params: named,
    example: { params: { model_name: 'sample' } }
  },
  showInferenceModelVersion: {
    ...metadata,
    path: '/v2/models/{model_name}/versions/{version}',
    summary: 'Show what a version of a model takes and gives.',
    params: versioned,
    example: { params: SAMPLE }
  },
  checkInferenceModel: {
    ...ready,
    path: '/v2/models/{model_name}/ready',
    summary: 'Say whether a model answers.',
    params: named,
    example: { params: { model_name: 'behaviour' } }
  },
  checkInferenceModelVersion: {
    ...ready,
    path: '/v2/models/{model_name}/versions/{version}/ready',
    summary: 'Say whether a version of a model answers.',
    params: versioned,
    example: { params: SAMPLE }
  },
  inferModel: {
    ...infer,
    path: '/v2/models/{model_name}/infer',
    summary: 'Ask a model.',
    params: named,
    example: { params: { model_name: 'behaviour' }, body: SAMPLE_BODY }
  },
  inferModelVersion: {
    ...infer,
    path: '/v2/models/{model_name}/versions/{version}/infer',
    summary: 'Ask a version of a model.',
    params: versioned,
    example: { params: SAMPLE, body: SAMPLE_BODY }
  }
} as const satisfies Readonly<Record<string, Endpoint>>
