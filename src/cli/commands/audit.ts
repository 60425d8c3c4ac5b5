/** `netminder audit`: what was changed by whom, and whether that record is whole. */
import type { Command } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { displayPrefix, findPrefix } from '../../base/index.ts'
import { AuditRepository, openDatabaseForReading, storePaths } from '../../store/index.ts'
import {
  given,
  leaf,
  noun,
  type Places,
  parseSince,
  parseWholeNumber,
  placesOf
} from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect, firstItems, isUnreachable } from '../node-client.ts'
import { type Column, plain, printItems, renderJson, utcTime } from '../output.ts'
import { addReplayDecisions } from './audit-replay.ts'

type AuditRecord = OperationResponse<'listAudit'>['items'][number]
type Verification = OperationResponse<'verifyAudit'>

export function addAuditCommand(program: Command, context: CliContext): void {
  const audit = noun(program, 'audit', 'what was changed by whom')
  addList(audit, context)
  addVerify(audit, context)
  addReplayDecisions(audit, context)
}

interface ListOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly since?: string
  readonly limit?: number
}

const LIST_LIMIT_MAX = 1_000_000

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list what was changed by whom, newest first',
    examples: [
      ['audit list --limit 20', 'the last changes'],
      ['audit list --action mode.set --since 30d', 'who changed the mode'],
      ['audit list --output json', 'with what was there before and after']
    ]
  })
    .option('--actor <actor>', 'only by this one, such as token:admin')
    .option('--action <action>', 'only this action, such as decision.lift')
    .option('--target <target>', 'only about this')
    .option(
      '--since <time>',
      'only since: 24h, 7d, or 2026-01-31T00:00:00Z',
      parseSince(context.clock)
    )
    .option('--limit <n>', 'at most so many', parseWholeNumber(1, LIST_LIMIT_MAX))
    .action(async (options: ListOptions, command: Command) => {
      const places = placesOf(command)
      const client = connect(places)
      const filters = given(options, ['actor', 'action', 'target', 'since'])
      const { io, signal } = context
      const items = allItems<AuditRecord>((page) =>
        client.call('listAudit', { query: { ...filters, ...page } }, { signal })
      )
      await printItems(io, places.output, {
        items: options.limit === undefined ? items : firstItems(items, options.limit),
        table: AUDIT_COLUMNS,
        empty: 'There is no such entry.'
      })
    })
}

const AUDIT_COLUMNS: readonly Column<AuditRecord>[] = [
  { title: 'NO', value: (row) => String(row.sequence) },
  { title: 'TIME', value: (row) => utcTime(row.at) },
  { title: 'WHO', value: (row) => row.actor },
  { title: 'WHAT', value: (row) => row.action },
  {
    title: 'ABOUT, AND WHY',
    value: aboutText,
    isFlexible: true
  }
]

function addVerify(parent: Command, context: CliContext): void {
  leaf(parent.command('verify'), {
    summary: 'check that no entry was changed, removed or cut off; of a stopped node too',
    examples: [
      ['audit verify', 'the running node checks, or, if none runs, the database is read'],
      ['audit verify --offline', 'the database is read in any case']
    ]
  })
    .option('--offline', 'read the database instead of asking the node')
    .action(async (options: { readonly offline?: true }, command: Command) => {
      const places = placesOf(command)
      const { io } = context
      const verification = options.offline
        ? await verifyDatabase(places, context)
        : await verifySomehow(places, context)
      await io.write(
        places.output === 'json' ? renderJson(verification) : verificationText(verification)
      )
      if (!verification.is_intact) {
        throw new CliError('CLI_FAULT_FOUND', 'the audit was tampered with, or is damaged')
      }
    })
}

async function verifySomehow(places: Places, context: CliContext): Promise<Verification> {
  const { io, signal } = context
  try {
    return await connect(places).call('verifyAudit', {}, { signal })
  } catch (error) {
    if (!isUnreachable(error)) throw error
    io.talk(`No node answers; reading the database in ${places.dataDir}.`)
    return await verifyDatabase(places, context)
  }
}

async function verifyDatabase(places: Places, { clock }: CliContext): Promise<Verification> {
  const db = openDatabaseForReading(places.dataDir)
  try {
    const headFile = storePaths(places.dataDir).auditHead
    const { rows, faults } = await new AuditRepository(db, clock, { headFile }).verify()
    return { is_intact: faults.length === 0, rows, faults: [...faults] }
  } finally {
    db.close()
  }
}

function verificationText({ is_intact, rows, faults }: Verification): string {
  if (is_intact) return `The audit is whole: ${rows} entries, each follows the one before it.\n`
  const lines = faults.map(({ kind, detail }) => `${kind.padEnd(9)}  ${plain(detail)}\n`)
  return `The audit is not whole (${rows} entries are there):\n${lines.join('')}`
}

/** Of a decision or a mode the audit's target is an id or a word; what it was about stands in the entry itself. */
export function aboutText({
  target,
  reason,
  before,
  after
}: Pick<AuditRecord, 'target' | 'reason' | 'before' | 'after'>): string {
  const subject =
    decisionText(after) ??
    decisionText(before) ??
    modeText(before, after) ??
    prefixesText(after) ??
    target
  return reason === '' ? subject : `${subject}: ${reason}`
}

function decisionText(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { value, type, mode } = entry as Readonly<Record<string, unknown>>
  if (typeof value !== 'string' || typeof type !== 'string') return undefined
  return mode === 'shadow' ? `${type} of ${value} (shadow)` : `${type} of ${value}`
}

/** Of a warning that was said or taken back. */
function prefixesText(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { prefixes, category } = entry as Readonly<Record<string, unknown>>
  if (!Array.isArray(prefixes)) return undefined
  const about = prefixes.map((text) => findPrefix(String(text))).flatMap((one) => one ?? [])
  const named = about.map(displayPrefix).join(' ')
  return typeof category === 'string' ? `${category}: ${named}` : named
}

function modeText(before: unknown, after: unknown): string | undefined {
  const now = modeOf(after)
  if (now === undefined) return undefined
  const old = modeOf(before)
  const changed = Object.keys({ ...old?.byCategory, ...now.byCategory })
    .filter((category) => effective(old, category) !== effective(now, category))
    .map((category) => `${category} ${effective(now, category)}`)
  const overall =
    old?.overall === now.overall ? [] : [`${old?.overall ?? 'none'} to ${now.overall}`]
  return `mode ${[...overall, ...changed].join(', ') || now.overall}`
}

type ModeEntry = NonNullable<ReturnType<typeof modeOf>>

function effective(mode: ModeEntry | undefined, category: string): string | undefined {
  return mode?.byCategory[category] ?? mode?.overall
}

function modeOf(entry: unknown) {
  if (typeof entry !== 'object' || entry === null || !('overall' in entry)) return undefined
  const { overall, byCategory = {} } = entry as {
    readonly overall: unknown
    readonly byCategory?: Readonly<Record<string, string>>
  }
  return { overall: String(overall), byCategory }
}
