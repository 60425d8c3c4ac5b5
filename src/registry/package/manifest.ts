/** The form of a package's manifest and of the two files beside it that say how its model is read and what it must say. */
import { z } from 'zod'
import { ModelError } from '../../runtime/index.ts'

const MIB = 1_048_576
export const PACKAGE_BYTES_MAX = 64 * MIB
export const FILES_MAX = 16
export const MANIFEST_BYTES_MAX = 8 * MIB
export const GOLDEN_MIN = 20
export const GOLDEN_TOLERANCE = 1e-6
export const FILE = {
  manifest: 'manifest.json',
  stack: 'stack.json',
  golden: 'golden.json',
  card: 'MODEL_CARD.md'
} as const

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
const count = z.number().int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const text = z.string().max(4_096)

const featureSchema = z.union([
  z.strictObject({
    name: text,
    kind: z.literal('numeric'),
    /** Least and greatest value that training saw. */
    range: z.tuple([z.number(), z.number()]).optional(),
    /** Between which values nine of ten ordinary sources lay in training, where that was known of enough of them. */
    usual: z.tuple([z.number(), z.number()]).optional()
  }),
  z.strictObject({
    name: text,
    kind: z.literal('category'),
    categories: z.array(text).max(65_536)
  })
])

export const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  name,
  version: name,
  kind: z.enum(['boosting', 'random-forest', 'isolation-forest', 'forest-stack']),
  task: text,
  featureSetVersion: z.union([text, z.number()]).nullable(),
  features: z.array(featureSchema).min(1).max(4_096),
  classes: z.array(text).min(2).max(4_096),
  thresholds: z.partialRecord(
    z.enum(['decision', 'watch', 'throttle', 'ban']),
    z.number().min(0).max(1)
  ),
  files: z
    .array(z.strictObject({ path: name, sha256, bytes: count }))
    .min(1)
    .max(FILES_MAX),
  data: z.strictObject({ name: text, rows: count, sha256, synthetic: z.boolean() }),
  codeVersion: text,
  seed: count,
  metrics: z.record(z.string(), z.json()),
  lineage: z.strictObject({
    parent: text.nullable(),
    created_at: z.string(),
    job: text.nullable()
  }),
  /** Ed25519, both in base64. Absent in packages that are shipped: their hashes stand beside them. */
  signature: z.strictObject({ publicKey: text, value: text }).optional()
})

export const stackSchema = z.strictObject({
  members: z
    .array(
      z.strictObject({
        path: name,
        /** Isolation forests are kept in a form of our own, which scores them a hundred times faster. */
        form: z.enum(['onnx', 'forest']),
        objective: z.enum(['binary', 'multiclass', 'regression', 'isolation']),
        combination: z.enum(['sum', 'mean']),
        input: z.enum(['margin', 'log-odds', 'score'])
      })
    )
    .min(1)
    .max(8),
  logistic: z.strictObject({ intercept: z.number(), weights: z.array(z.number()) }).nullable(),
  calibration: z
    .array(
      z.union([
        z.strictObject({ kind: z.literal('temperature'), temperature: z.number().positive() }),
        z.strictObject({
          kind: z.literal('isotonic'),
          x: z.array(z.number()).min(1),
          y: z.array(z.number()).min(1)
        })
      ])
    )
    .max(4)
})

export const goldenSchema = z.strictObject({
  tolerance: z.literal(GOLDEN_TOLERANCE),
  rows: z
    .array(
      z.strictObject({
        /** As the model reads them: a number, the code of a category, null for missing. */
        input: z.array(z.number().nullable()),
        output: z.array(z.number())
      })
    )
    .min(GOLDEN_MIN)
    .max(1_024)
})

export type Manifest = z.output<typeof manifestSchema>
export type PackageKind = Manifest['kind']
export type StackFile = z.output<typeof stackSchema>
export type GoldenFile = z.output<typeof goldenSchema>

/** @throws {PACKAGE_INVALID} */
export function parseFile<Schema extends z.ZodType>(
  path: string,
  bytes: Uint8Array,
  schema: Schema
): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ModelError('PACKAGE_INVALID', `expected JSON in ${path} of the package`, { cause })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new ModelError(
    'PACKAGE_INVALID',
    `expected another content of ${path}${where}: ${issue?.message ?? 'unknown'}`
  )
}
