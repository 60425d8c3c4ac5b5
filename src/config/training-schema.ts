/** Keys of `[training]`: what of its own traffic the node keeps to learn from, and what a training may take of the machine. */
import * as z from 'zod'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const training = z.strictObject({
  keepFeatures: z
    .boolean()
    .default(true)
    .describe(
      'Whether what was seen of a source is kept at some of the moments at which it was judged: its address, a time and numbers, no line of a log. False keeps none, and deletes what is there.'
    ),
  featureRetentionMs: z
    .int()
    .min(HOUR_MS)
    .max(365 * DAY_MS)
    .default(30 * DAY_MS)
    .describe('How long such a row is kept, in milliseconds.'),
  maxFeatureRows: z
    .int()
    .min(1_000)
    .max(10_000_000)
    .default(500_000)
    .describe(
      'Rows kept at once; the oldest go first, labelled ones last. A twenty-fourth of them may come in an hour.'
    ),
  maxFeatureBytes: z
    .int()
    .min(1_048_576)
    .max(68_719_476_736)
    .default(268_435_456)
    .describe('What the rows may take in the database, in bytes.'),
  labelRetentionMs: z
    .int()
    .min(DAY_MS)
    .max(3_650 * DAY_MS)
    .default(365 * DAY_MS)
    .describe('How long a label is kept after it was said, in milliseconds.'),
  isEnabled: z
    .boolean()
    .default(true)
    .describe(
      'Whether models may be trained on this node; one at a time, in a process of its own.'
    ),
  cores: z
    .number()
    .min(0.05)
    .max(64)
    .default(0.5)
    .describe('How many cores a training keeps busy, on average: it rests in between.'),
  threads: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Threads that a training works with; the model is the same with any number.'),
  givesWay: z
    .boolean()
    .default(true)
    .describe(
      'Whether a training takes only what nobody else on the machine wants of cores and disk (SCHED_IDLE, lowest priority); on a machine that is never idle it then stands still.'
    ),
  maxMemoryBytes: z
    .int()
    .min(134_217_728)
    .max(1_099_511_627_776)
    .default(1_073_741_824)
    .describe('What a training may take of the memory, in bytes; one that needs more is ended.'),
  maxDiskBytes: z
    .int()
    .min(16_777_216)
    .max(1_099_511_627_776)
    .default(2_147_483_648)
    .describe('What the checkpoints of a training may take of the disk, in bytes.'),
  maxQueued: z
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe('Trainings that may wait; more are refused.'),
  checkpointIntervalMs: z
    .int()
    .min(100)
    .max(HOUR_MS)
    .default(10_000)
    .describe(
      'How often a training keeps what it has of a part that is not done, in milliseconds.'
    ),
  readFrom: z
    .array(z.string().min(1).max(4_096))
    .max(32)
    .default(['tables'])
    .describe(
      'Directories whose tables, logs and labels a training may read; a relative one lies in the data directory. Whoever may start a training could otherwise have any file read that the node can.'
    )
})
