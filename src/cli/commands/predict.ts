/** `netminder predict`: what a model says of each row of a file. */
import { type Command, Option } from 'commander'
import { ScorePool } from '../../runtime/index.ts'
import { leaf, parseWholeNumber } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { addModelOptions, findPackage, type GivenModel } from '../models/find-package.ts'
import { eachBlock } from '../models/row-stream.ts'
import { plural } from '../output.ts'

interface GivenOptions extends GivenModel {
  readonly data: string
  readonly format?: 'csv' | 'ndjson'
}

const SEED_MAX = 2 ** 32 - 1

export function addPredictCommand(program: Command, context: CliContext): void {
  const command = leaf(program.command('predict'), {
    summary: 'print what a model says of each row of a file, one JSON object a line',
    examples: [
      ['predict --package ./iris --data new.csv', 'scores and label of each row'],
      ['predict --package ./iris --data - --format ndjson < rows.ndjson', 'from standard input'],
      ['predict --model behaviour@1.0.0 --data rows.csv.gz', 'by a model of this node']
    ]
  })
  addModelOptions(command)
    .requiredOption(
      '--data <file>',
      'CSV with a header, or NDJSON (.ndjson, .jsonl); gzip is unpacked, - reads standard input'
    )
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
    .action((options: GivenOptions) => predict(options, command, context))
}

async function predict(
  options: GivenOptions,
  command: Command,
  context: CliContext
): Promise<void> {
  const { io, clock, signal } = context
  const found = await findPackage(options, command, context)
  const startMs = clock.monotonicMs()
  const pool = new ScorePool(found.parts)
  // As many blocks as keep the threads busy while the oldest is written, and no more.
  const waitingMax = pool.threads + 2
  const waiting: Promise<Uint8Array | Float64Array>[] = []
  const writeOldest = async () => {
    const scored = await waiting.shift()
    if (scored instanceof Uint8Array) await io.write(scored)
  }
  try {
    const source = { data: options.data, format: options.format }
    const rows = await eachBlock(found, source, context, async (block, firstRow) => {
      const scored = pool.score({ wanted: 'lines', rows: block.rows, count: block.count, firstRow })
      // Whoever waits for it is told; until then it is nobody's.
      scored.catch(() => undefined)
      waiting.push(scored)
      if (waiting.length > waitingMax) await writeOldest()
    })
    while (waiting.length > 0) await writeOldest()
    signal.throwIfAborted()
    const seconds = (clock.monotonicMs() - startMs) / 1_000
    io.talk(
      `netminder: ${plural(rows, 'row')} in ${seconds.toFixed(1)} s by ${found.manifest.name}@${found.manifest.version}`
    )
  } finally {
    await pool.close()
  }
}
