/** `netminder evaluate`: how often a model is right about rows whose class is known. */
import { type Command, Option } from 'commander'
import { ScorePool } from '../../runtime/index.ts'
import { figuresOf } from '../../training/index.ts'
import { leaf, parseWholeNumber } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { addModelOptions, findPackage, type GivenModel } from '../models/find-package.ts'
import { eachBlock } from '../models/row-stream.ts'

interface GivenOptions extends GivenModel {
  readonly data: string
  readonly label: string
  readonly format?: 'csv' | 'ndjson'
}

const SEED_MAX = 2 ** 32 - 1

export function addEvaluateCommand(program: Command, context: CliContext): void {
  const command = leaf(program.command('evaluate'), {
    summary: 'print how right a model is about rows whose class is known, as one JSON object',
    examples: [
      ['evaluate --package ./iris --data test.csv --label species', 'on rows that were kept aside']
    ]
  })
  addModelOptions(command)
    .requiredOption(
      '--data <file>',
      'CSV with a header, or NDJSON; gzip is unpacked, - reads standard input'
    )
    .requiredOption('--label <column>', 'column of the class')
    .addOption(
      new Option('--format <format>', 'form of the data (default: by its name)').choices([
        'csv',
        'ndjson'
      ])
    )
    .option(
      '--seed <n>',
      'taken like everywhere; nothing is drawn here',
      parseWholeNumber(0, SEED_MAX),
      1
    )
    .action((options: GivenOptions) => evaluate(options, command, context))
}

async function evaluate(
  options: GivenOptions,
  command: Command,
  context: CliContext
): Promise<void> {
  const { io, clock } = context
  const found = await findPackage(options, command, context)
  const { classes, threshold } = found.parts
  const startMs = clock.monotonicMs()
  const pool = new ScorePool(found.parts)
  const blocks: {
    readonly labels: Int32Array
    readonly scored: Promise<Uint8Array | Float64Array>
  }[] = []
  try {
    const { data, label, format } = options
    const rows = await eachBlock(
      found,
      { data, label, format },
      context,
      async (block, firstRow) => {
        const scored = pool.score({
          wanted: 'scores',
          rows: block.rows,
          count: block.count,
          firstRow
        })
        scored.catch(() => undefined)
        blocks.push({ labels: block.labels, scored })
        // Rows are kept only until they are scored.
        await blocks.at(-1 - pool.threads - 2)?.scored
      }
    )
    const scores = new Float64Array(rows * pool.width)
    const labels = new Int32Array(rows)
    let at = 0
    for (const block of blocks) {
      scores.set(await block.scored, at * pool.width)
      labels.set(block.labels, at)
      at += block.labels.length
    }
    const figures = figuresOf(scores, labels, { classes: classes.length, threshold })
    const seconds = (clock.monotonicMs() - startMs) / 1_000
    const { name, version } = found.manifest
    await io.write(
      `${JSON.stringify({ model: `${name}@${version}`, ...figures, classes, rows, seconds })}\n`
    )
  } finally {
    await pool.close()
  }
}
