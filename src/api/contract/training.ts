/** Trainings: models made on the node itself, one at a time. */
import * as z from 'zod'
import { JOB_STATES } from '../../jobs/index.ts'
import type { Endpoint } from './endpoint.ts'
import { noteInput, pageOf, pageQuery, timeInput } from './schemas.ts'

/** What the examples speak of. */
const SAMPLE_ID = '01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b21'
const WAITING_ID = '01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b22'
const SEED_MAX = 2 ** 32 - 1

const time = z.iso.datetime().describe('RFC 3339, UTC.')
const text = z.string()
const count = z.int().min(0)
const column = z.string().min(1).max(200)
const pathInput = z
  .string()
  .min(1)
  .max(4_096)
  .describe("A file on the node's machine, in a directory of `training.readFrom`.")

export const JOB_MODELS = [
  'stack',
  'gradient-boosting',
  'random-forest',
  'isolation-forest'
] as const
const jobModel = z.enum(JOB_MODELS)
const jobState = z.enum(JOB_STATES).meta({ id: 'TrainingState' })

const labelsInput = z.strictObject({
  kind: z.literal('labels').describe('What the node kept of its own traffic, with its labels.'),
  since: timeInput.optional().describe('Rows from this moment on; absent: all that are kept.')
})
const logsInput = z
  .strictObject({
    kind: z.literal('logs').describe('Logs of a keyserver, and labels of the sources in them.'),
    haproxy: pathInput.optional(),
    hockeypuck: pathInput.optional(),
    nginx: pathInput.optional(),
    labels: pathInput,
    site: z
      .string()
      .min(1)
      .max(64)
      .default('logs')
      .describe('A name for the logs: rows of one campaign at one site are kept together.'),
    time_zone: z.string().max(64).optional(),
    behind_proxy: z.enum(['none', 'proxy', 'cloudflare']).default('none'),
    synthetic: z.boolean().default(false)
  })
  .refine(({ haproxy, hockeypuck, nginx }) => (haproxy ?? hockeypuck ?? nginx) !== undefined, {
    error: 'expected a log: haproxy, hockeypuck or nginx'
  })
const tableInput = z.strictObject({
  kind: z.literal('table').describe('A CSV file with a header, gzip or not.'),
  path: pathInput,
  label: column.describe('Column of the class.'),
  group: column.optional().describe('Rows of one group are never on both sides of a validation.'),
  drop: z.array(column).max(1_000).default([]).describe('Columns to leave out.'),
  positive: column.optional().describe('Of two classes, the one whose probability is the score.'),
  synthetic: z.boolean().default(false)
})

const trainBody = z
  .strictObject({
    data: z.discriminatedUnion('kind', [labelsInput, logsInput, tableInput]),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      .describe('Of the model; the version is one more than the greatest that is there.'),
    model: jobModel.optional().describe('Of a table: gradient-boosting; else: stack.'),
    params: z
      .record(z.string().max(64), z.unknown())
      .default({})
      .describe('Hyper-parameters; of a stack under `boosting`, `forest` and `isolation`.'),
    folds: z.int().min(2).max(50).optional().describe('Of the cross-validation, by group.'),
    search: z.int().min(0).max(1_000).default(0).describe('Random draws of hyper-parameters.'),
    calibration: z.enum(['none', 'temperature', 'isotonic']).optional(),
    false_positives: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('Share of the first class that the threshold may take for the second.'),
    seed: z.int().min(0).max(SEED_MAX).default(1),
    reason: noteInput.default('').describe('For the audit.')
  })
  .refine(({ data, model = 'stack' }) => data.kind === 'table' || model === 'stack', {
    error: 'expected the model stack for labels and logs: other kinds are trained from a table',
    path: ['model']
  })

export const training = z
  .strictObject({
    id: text,
    state: jobState,
    name: text,
    version: text,
    kind: jobModel.describe('Of model.'),
    order: z.record(text, z.unknown()).describe('What was asked for.'),
    progress: z.number().min(0).max(1),
    step: text.describe('What it does at the moment.'),
    eta_seconds: z
      .number()
      .nullable()
      .describe('What is left if it goes on as it did; null: not known yet.'),
    created_at: time,
    created_by: text,
    started_at: time.nullable(),
    ended_at: time.nullable(),
    checkpoints: count.describe('Written until now.'),
    resumes: count.describe('How often it went on after its process had ended.'),
    memory_bytes: count,
    memory_bytes_max: count,
    cpu_seconds: z.number().min(0),
    parent: text.nullable().describe('The champion that its model is compared with.'),
    notes: z.array(text).describe('What happened to it that is worth a word, oldest first.'),
    failure: z.strictObject({ code: text, message: text }).nullable(),
    report: z
      .record(text, z.unknown())
      .nullable()
      .describe('What was measured; `gate` says whether the model may be promoted, and why.'),
    model: text.nullable().describe('`name@version` of the candidate that came out.')
  })
  .meta({ id: 'Training' })

const params = z.strictObject({ id: z.string().min(1).max(64) })

export const TRAINING_ENDPOINTS = {
  train: {
    method: 'POST',
    path: '/api/ml/train',
    tag: 'models',
    summary: 'Have a model trained.',
    description:
      'Trainings wait in a queue; one at a time is worked on, at the lowest priority and within the budget of `training`. What a crash interrupts goes on from its last checkpoint. What comes out is a candidate, which was compared with the champion on rows that it had not seen.',
    scope: 'train',
    body: trainBody,
    status: 202,
    hasLocation: true,
    response: training,
    errors: ['TRAINING_OFF', 'JOB_QUEUE_FULL', 'PATH_FORBIDDEN'],
    example: { body: { data: { kind: 'labels' }, name: 'local', reason: 'a week of labels' } }
  },
  listTrainings: {
    method: 'GET',
    path: '/api/ml/training',
    tag: 'models',
    summary: 'List trainings, newest first; the last 200 are remembered.',
    scope: 'read',
    query: z.strictObject({ state: jobState.optional(), ...pageQuery }),
    status: 200,
    response: pageOf(training),
    errors: ['CURSOR_INVALID'],
    example: { query: { limit: 5 } }
  },
  showTraining: {
    method: 'GET',
    path: '/api/ml/training/{id}',
    tag: 'models',
    summary: 'Show a training: how far it is, what it takes, and what came of it.',
    scope: 'read',
    params,
    status: 200,
    response: training,
    errors: ['JOB_NOT_FOUND'],
    example: { params: { id: SAMPLE_ID } }
  },
  cancelTraining: {
    method: 'DELETE',
    path: '/api/ml/training/{id}',
    tag: 'models',
    summary: 'Cancel a training; nothing of it is kept but that it was there.',
    scope: 'train',
    params,
    query: z.strictObject({ reason: noteInput.default('').describe('For the audit.') }),
    status: 200,
    response: training,
    errors: ['JOB_NOT_FOUND', 'JOB_ENDED'],
    example: { params: { id: WAITING_ID } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>
