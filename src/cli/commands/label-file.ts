/** `netminder label export|import`: labels as a file, in the form of recordings (`truth.jsonl`). */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { type ApiClient, ApiError } from '../../api/index.ts'
import { NetminderError } from '../../base/index.ts'
import {
  LABEL_SOURCES,
  LABELS_MAX,
  type LabelSource,
  type ReadTruth,
  readTruthLine,
  truthLines
} from '../../feedback/index.ts'
import { given, leaf, parseSince, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect } from '../node-client.ts'
import { plain, plural, renderJson } from '../output.ts'
import { readList } from './read-list.ts'

const FAULTS_SHOWN = 10
const BATCH_MAX = 1_000
/** A node takes bodies of 65 536 bytes unless it is told otherwise. */
const BATCH_BYTES_MAX = 60_000
/** How long one waits when the node says that the requests of this minute are used up. */
const RETRY_AFTER_MS = 2_000

export function addLabelExport(parent: Command, context: CliContext): void {
  leaf(parent.command('export'), {
    summary: 'write the labels as lines of truth.jsonl, for "train --log FILE --labels FILE"',
    examples: [
      ['label export > labels.jsonl', 'all of them'],
      ['label export --source operator --since 30d > labels.jsonl', 'what people said in a month']
    ]
  })
    .addOption(new Option('--source <source>', 'only from there').choices(LABEL_SOURCES))
    .option('--since <time>', 'only what was said since: 24h, or a time', parseSince(context.clock))
    .action(
      async (
        options: { readonly source?: LabelSource; readonly since?: string },
        command: Command
      ) => {
        const { io, signal } = context
        const client = connect(placesOf(command))
        const query = given(options, ['source', 'since'])
        const all = allItems((page) =>
          client.call('listLabels', { query: { ...query, ...page } }, { signal })
        )
        const left = { overruled: 0, wide: 0 }
        for await (const label of all) {
          if (label.overruled_by !== null) {
            left.overruled++
            continue
          }
          const lines = truthLines(label)
          if (lines === undefined) left.wide++
          for (const line of lines ?? []) await io.write(`${line}\n`)
        }
        if (left.overruled > 0) io.talk(`Left out: ${plural(left.overruled, 'overruled label')}.`)
        if (left.wide > 0) {
          io.talk(`Left out: ${plural(left.wide, 'label')} of IPv6 prefixes wider than /64.`)
        }
      }
    )
}

interface NumberedEntry {
  readonly line: number
  readonly entry: ReadTruth
}

export function addLabelImport(parent: Command, context: CliContext): void {
  leaf(parent.command('import'), {
    summary: 'say what each line of a file says, in the form of truth.jsonl',
    examples: [
      ['label import truth.jsonl', 'all of it or, if a line is malformed, nothing'],
      ['label import - < labels.jsonl', 'from standard input; what was said already stays']
    ]
  })
    .argument('<file>', 'file to read; - for standard input')
    .action(async (file: string, _options: unknown, command: Command) => {
      const places = placesOf(command)
      const { io } = context
      const { entries, mixed } = readEntries(await readList(file, context), context)
      if (mixed > 0) io.talk(`Passed over: ${plural(mixed, 'source')} called mixed.`)
      const sent = await sendLabels(entries, connect(places), context)
      await io.write(
        places.output === 'json'
          ? renderJson({ ...sent, mixed })
          : `${sent.added} added, ${sent.unchanged} unchanged\n`
      )
    })
}

/** @throws {CLI_INPUT_INVALID} with every fault told, at most ten */
function readEntries(
  text: string,
  { io }: CliContext
): { readonly entries: readonly NumberedEntry[]; readonly mixed: number } {
  const lines = text.split('\n')
  const entries: NumberedEntry[] = []
  let [faults, mixed] = [0, 0]
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    if (entries.length >= LABELS_MAX) {
      const message = `expected at most ${LABELS_MAX} labels, got more: nothing was imported`
      throw new CliError('CLI_INPUT_INVALID', message)
    }
    try {
      const entry = readTruthLine(line)
      if (entry === 'mixed') mixed++
      else entries.push({ line: index + 1, entry })
    } catch (error) {
      if (!(error instanceof NetminderError)) throw error
      if (faults++ < FAULTS_SHOWN) io.talk(`line ${index + 1}: ${plain(error.message)}`)
    }
  }
  if (faults > 0 || entries.length + mixed === 0) {
    const found = faults > 0 ? plural(faults, 'malformed line') : 'none'
    throw new CliError('CLI_INPUT_INVALID', `expected labels, got ${found}: nothing was imported`)
  }
  return { entries, mixed }
}

async function sendLabels(
  entries: readonly NumberedEntry[],
  client: ApiClient,
  context: CliContext
): Promise<{ readonly added: number; readonly unchanged: number }> {
  const sum = { added: 0, unchanged: 0 }
  for (const batch of batchesOf(entries)) {
    const { added, unchanged } = await sendBatch(batch, client, context).catch((error) => {
      throw refusal(error, batch, sum.added + sum.unchanged)
    })
    sum.added += added
    sum.unchanged += unchanged
  }
  return sum
}

async function sendBatch(
  batch: readonly NumberedEntry[],
  client: ApiClient,
  { signal }: CliContext
): Promise<{ readonly added: number; readonly unchanged: number }> {
  const body = { entries: batch.map(({ entry }) => entry) }
  const idempotencyKey = randomUUID()
  for (;;) {
    try {
      return await client.call('importLabels', { body }, { signal, idempotencyKey })
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'RATE_LIMITED') throw error
      await wait(RETRY_AFTER_MS, undefined, { signal })
    }
  }
}

/** In the numbers of the file instead of those of the batch. */
function refusal(error: unknown, batch: readonly NumberedEntry[], done: number): unknown {
  if (!(error instanceof ApiError) || error.code !== 'ENTRIES_REFUSED') return error
  const faults = error.extensions['errors'] as readonly Readonly<Record<string, unknown>>[]
  const told = faults.slice(0, FAULTS_SHOWN).map(({ pointer, detail }) => {
    const place = Number(/(\d+)$/.exec(String(pointer))?.[1] ?? -1)
    return `line ${batch[place]?.line ?? '?'}: ${plain(String(detail))}`
  })
  const message = `the node took ${done} lines and refused others; mend them and import again, what was said already stays: ${told.join('; ')}`
  return new CliError('CLI_FAULT_FOUND', message, { cause: error })
}

function* batchesOf(entries: readonly NumberedEntry[]): Generator<readonly NumberedEntry[]> {
  let batch: NumberedEntry[] = []
  let bytes = 0
  for (const numbered of entries) {
    const length = Buffer.byteLength(JSON.stringify(numbered.entry)) + 1
    if (batch.length > 0 && (batch.length === BATCH_MAX || bytes + length > BATCH_BYTES_MAX)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(numbered)
    bytes += length
  }
  if (batch.length > 0) yield batch
}
