/** Rows of somebody's file for a model, with a word on what is odd about them. */
import type { ModelPackage } from '../../registry/index.ts'
import {
  type FeatureRange,
  type RowBlock,
  type RowOddities,
  RowReader
} from '../../training/index.ts'
import type { CliContext } from '../context.ts'
import { plain, plural } from '../output.ts'
import { asCliError, openData } from './open-data.ts'
import { ProgressBar } from './progress-bar.ts'

const SHOWN_MAX = 5

export interface RowSource {
  readonly data: string
  readonly format: 'csv' | 'ndjson' | undefined
  readonly label?: string
}

/** Calls `onBlock` for each block in its order. */
export async function eachBlock(
  { manifest, parts }: ModelPackage,
  { data, format, label }: RowSource,
  context: CliContext,
  onBlock: (block: RowBlock, firstRow: number) => Promise<void>
): Promise<number> {
  const { io, clock, signal } = context
  const { stream, bytes } = await openData(data, { stdin: io.stdin, signal })
  const bar = new ProgressBar(io, clock)
  let rows = 0
  const reader = new RowReader({
    features: parts.members[0]?.forest.features ?? [],
    ranges: manifest.features.map(rangeOf),
    label: label === undefined ? undefined : { column: label, classes: parts.classes },
    signal,
    onBytes: (read) =>
      bar.show('scoring', bytes === undefined ? undefined : read / bytes, plural(rows, 'row'))
  })
  const isLines =
    format === undefined ? /\.(?:ndjson|jsonl)(?:\.gz)?$/.test(data) : format === 'ndjson'
  let isIgnoredSaid = false
  try {
    for await (const block of isLines ? reader.ndjson(stream) : reader.csv(stream)) {
      if (!isIgnoredSaid) sayIgnored(reader.odd, io)
      isIgnoredSaid = true
      await onBlock(block, rows)
      rows += block.count
    }
  } catch (error) {
    signal.throwIfAborted()
    throw asCliError(data, error)
  } finally {
    bar.clear()
  }
  sayOddities(
    manifest.features.map(({ name }) => name),
    reader.odd,
    io
  )
  return rows
}

function rangeOf(feature: ModelPackage['manifest']['features'][number]): FeatureRange | undefined {
  if (feature.kind !== 'numeric' || feature.range === undefined) return undefined
  const [minimum, maximum] = feature.range
  return { minimum, maximum }
}

function sayIgnored({ ignored }: RowOddities, io: CliContext['io']): void {
  if (ignored.length === 0) return
  const shown = ignored.slice(0, SHOWN_MAX).map((name) => name.slice(0, 60))
  const more = ignored.length > SHOWN_MAX ? ', …' : ''
  const what = plural(ignored.length, 'column')
  io.talk(
    `netminder: warning: ${what} that the model does not ask for: ${plain(shown.join(', '))}${more}`
  )
}

function sayOddities(names: readonly string[], odd: RowOddities, io: CliContext['io']): void {
  const say = (counts: Float64Array, what: string) => {
    const columns = [...counts.keys()].filter((index) => (counts[index] ?? 0) > 0)
    if (columns.length === 0) return
    const shown = columns
      .slice(0, SHOWN_MAX)
      .map((index) => `${(names[index] ?? '').slice(0, 60)} (${plural(counts[index] ?? 0, 'row')})`)
    const more = columns.length > SHOWN_MAX ? ', …' : ''
    io.talk(`netminder: warning: ${what}: ${plain(shown.join(', '))}${more}`)
  }
  say(odd.absurd, 'values far from all that the model has seen')
  say(odd.unknown, 'words that the model has never seen, taken as missing')
}
