/** `netminder blocklist import`: adds every entry of a file, or says why not. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { type ApiClient, ApiError } from '../../api/index.ts'
import { messageOf } from '../../base/index.ts'
import { leaf, parseEnd, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { connect } from '../node-client.ts'
import { plain, plural, renderJson } from '../output.ts'
import { type FileEntry, type LineFault, readEntries } from './entry-line.ts'

interface ImportOptions {
  readonly note?: string
  readonly until?: string
  readonly skipMalformed?: true
}

interface Refusal {
  readonly prefix: string
  readonly code: string
  readonly detail: string
}

const FILE_BYTES_MAX = 64 * 1_048_576
const FAULTS_SHOWN = 10
/** The node allows so many requests a minute by default; this is how long one waits when it says that they are used up. */
const RETRY_AFTER_MS = 2_000
const PROGRESS_EVERY = 500

/** What the node refuses for one entry and would not for another. */
const REFUSALS = new Set(['PROTECTED', 'PREFIX_TOO_WIDE', 'END_IN_PAST', 'ADDRESS_INVALID'])

export function addImportCommand(parent: Command, context: CliContext): void {
  leaf(parent.command('import'), {
    summary: 'block every prefix of a list: one a line with "# note", or JSON as exported',
    examples: [
      ['blocklist import blocklist.txt', 'all or, if a line is malformed, nothing'],
      ['blocklist import drop.txt --until 24h --note "Spamhaus DROP"', "another's list, for a day"],
      ['blocklist import - < blocklist.json', 'from standard input']
    ]
  })
    .argument('<file>', 'file to read; - for standard input')
    .option('--note <text>', 'note of entries that have none')
    .option(
      '--until <time>',
      'end of entries that have none: 2h, 30d, or 2027-01-31T00:00:00Z',
      parseEnd(context.clock)
    )
    .option('--skip-malformed', 'import the others where lines are malformed')
    .action(async (file: string, options: ImportOptions, command: Command) => {
      const places = placesOf(command)
      const { entries, faults } = readEntries(await readInput(file, context))
      tellFaults(faults, context)
      if (faults.length > 0 && options.skipMalformed !== true) {
        throw new CliError(
          'CLI_INPUT_INVALID',
          `expected a list, got ${plural(faults.length, 'malformed line')}: nothing was imported; --skip-malformed imports the others`
        )
      }
      const completed = entries.map((entry) => ({
        prefix: entry.prefix,
        note: entry.note === '' ? (options.note ?? '') : entry.note,
        until: entry.until ?? options.until ?? null
      }))
      const refused = await addAll(connect(places), completed, context)
      const counts = {
        imported: completed.length - refused.length,
        refused: refused.length,
        malformed: faults.length
      }
      await context.io.write(
        places.output === 'json'
          ? renderJson({ ...counts, refusals: refused })
          : `${counts.imported} imported, ${counts.refused} refused, ${counts.malformed} malformed\n`
      )
      if (refused.length > 0) {
        throw new CliError(
          'CLI_FAULT_FOUND',
          `the node refused ${plural(refused.length, 'entry', 'entries')}`
        )
      }
    })
}

async function readInput(file: string, { io }: CliContext): Promise<string> {
  try {
    return await readBounded(file === '-' ? io.stdin : createReadStream(file))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const message = `expected a list at ${file}, got: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_MISSING', message, { cause })
  }
}

/** A pipe or a device has no size to be asked for, so what comes is counted. */
async function readBounded(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > FILE_BYTES_MAX) {
      throw new CliError(
        'CLI_INPUT_INVALID',
        `expected a list of at most ${FILE_BYTES_MAX / 1_048_576} MiB, got more`
      )
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function tellFaults(faults: readonly LineFault[], { io }: CliContext): void {
  for (const { line, detail } of faults.slice(0, FAULTS_SHOWN)) {
    io.talk(`line ${line}: ${plain(detail)}`)
  }
  const more = faults.length - FAULTS_SHOWN
  if (more > 0) io.talk(`and ${more} more malformed lines`)
}

async function addAll(
  client: ApiClient,
  entries: readonly FileEntry[],
  { io, signal }: CliContext
): Promise<readonly Refusal[]> {
  const refused: Refusal[] = []
  for (const [index, entry] of entries.entries()) {
    const refusal = await addOne(client, entry, signal)
    if (refusal !== undefined) {
      refused.push(refusal)
      if (refused.length <= FAULTS_SHOWN) {
        io.talk(`${refusal.prefix}: ${plain(refusal.detail)} (${refusal.code})`)
      }
    }
    if ((index + 1) % PROGRESS_EVERY === 0) io.talk(`${index + 1} of ${entries.length} …`)
  }
  return refused
}

async function addOne(
  client: ApiClient,
  body: FileEntry,
  signal: AbortSignal
): Promise<Refusal | undefined> {
  for (;;) {
    try {
      await client.call('addToBlocklist', { body }, { signal })
      return undefined
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (REFUSALS.has(error.code)) {
        return { prefix: body.prefix, code: error.code, detail: error.message }
      }
      if (error.code !== 'RATE_LIMITED') throw error
      await wait(RETRY_AFTER_MS, undefined, { signal })
    }
  }
}
