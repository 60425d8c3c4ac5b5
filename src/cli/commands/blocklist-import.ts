/** `netminder blocklist import`: adds every entry of a file, or says why not. */
import type { Command } from 'commander'
import { leaf, parseEnd, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { connect } from '../node-client.ts'
import { plain, plural, renderJson } from '../output.ts'
import { type LineFault, readEntries } from './entry-line.ts'
import { readList } from './read-list.ts'
import { type Refusal, sendEntries } from './send-entries.ts'

interface ImportOptions {
  readonly note?: string
  readonly until?: string
  readonly skipMalformed?: true
}

const FAULTS_SHOWN = 10
/** Entries between two words about how far it has come. */
const PROGRESS_EVERY = 10_000

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
      const { entries, faults } = readEntries(await readList(file, context))
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
      const { imported, unchanged, refusals } = await sendEntries(completed, {
        client: connect(places),
        signal: context.signal,
        onProgress: progressOf(completed.length, context)
      })
      tellRefusals(refusals, context)
      const counts = { imported, unchanged, refused: refusals.length, malformed: faults.length }
      await context.io.write(
        places.output === 'json' ? renderJson({ ...counts, refusals }) : `${countsText(counts)}\n`
      )
      if (refusals.length > 0) {
        throw new CliError(
          'CLI_FAULT_FOUND',
          `the node refused ${plural(refusals.length, 'entry', 'entries')}`
        )
      }
    })
}

function tellFaults(faults: readonly LineFault[], { io }: CliContext): void {
  for (const { line, detail } of faults.slice(0, FAULTS_SHOWN)) {
    io.talk(`line ${line}: ${plain(detail)}`)
  }
  const more = faults.length - FAULTS_SHOWN
  if (more > 0) io.talk(`and ${more} more malformed lines`)
}

function tellRefusals(refusals: readonly Refusal[], { io }: CliContext): void {
  for (const { prefix, code, detail } of refusals.slice(0, FAULTS_SHOWN)) {
    io.talk(`${prefix}: ${plain(detail)} (${code})`)
  }
  const more = refusals.length - FAULTS_SHOWN
  if (more > 0) io.talk(`and ${more} more refused; --output json names all`)
}

function countsText(counts: {
  readonly imported: number
  readonly unchanged: number
  readonly refused: number
  readonly malformed: number
}): string {
  const { imported, unchanged, refused, malformed } = counts
  const stood = unchanged === 0 ? '' : `${unchanged} unchanged, `
  return `${imported} imported, ${stood}${refused} refused, ${malformed} malformed`
}

/** Says how far it has come, on a long list only. */
function progressOf(total: number, { io }: CliContext): (done: number) => void {
  let said = 0
  return (done) => {
    if (done === total || done - said < PROGRESS_EVERY) return
    said = done
    io.talk(`${done} of ${total} …`)
  }
}
