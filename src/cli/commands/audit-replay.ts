/** `netminder audit replay`: whether models come to the same scores again by what was kept of their decisions. */
import type { Command } from 'commander'
import { type OperationResponse, wireReplayed } from '../../api/index.ts'
import { dataPaths, shippedModelsDir } from '../../config/index.ts'
import { CREATION_ACTION, type Decision, DecisionReplay } from '../../defense/index.ts'
import type { ModelEvidence } from '../../detection/index.ts'
import { KeptPackages, PackageFolders } from '../../registry/index.ts'
import {
  AuditRepository,
  type Connection,
  DecisionRepository,
  EvidenceRepository,
  ModelRepository,
  openDatabaseForReading,
  storePaths
} from '../../store/index.ts'
import { given, leaf, type Places, parseSince, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { allItems, connect, isUnreachable } from '../node-client.ts'
import { type Column, plural, printItems, utcTime } from '../output.ts'

type Replayed = OperationResponse<'replayDecisions'>['items'][number]

interface ReplayOptions {
  readonly all?: true
  readonly since?: string
  readonly offline?: true
}

interface Wanted {
  readonly decision?: string
  readonly since?: string
}

const PAGE = 1_000

export function addReplayDecisions(parent: Command, context: CliContext): void {
  leaf(parent.command('replay'), {
    summary: 'let the models judge again by what was kept of their decisions',
    examples: [
      ['audit replay 0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d', 'does this one come out the same?'],
      [
        'audit replay --all',
        'every decision that is still kept; only what is not as it was is shown'
      ],
      ['audit replay --since 24h --output json', 'the last day, each decision with both scores'],
      ['audit replay --all --offline', 'of a node that does not run']
    ]
  })
    .argument('[decision]', 'id of a decision')
    .option('--all', 'every decision that is kept')
    .option(
      '--since <time>',
      'every decision made since: 24h, 7d, or 2026-01-31T00:00:00Z',
      parseSince(context.clock)
    )
    .option('--offline', 'read database and packages instead of asking the node')
    .action(async (id: string | undefined, options: ReplayOptions, command: Command) => {
      const isMany = options.all === true || options.since !== undefined
      if ((id !== undefined) === isMany) {
        throw new CliError(
          'CLI_USAGE',
          'expected the id of a decision, or --all, or --since, and not both'
        )
      }
      const places = placesOf(command)
      const wanted = { ...(id !== undefined && { decision: id }), ...given(options, ['since']) }
      const tally = new Tally()
      const replayed = options.offline
        ? replayHere(places, wanted, context)
        : await replaySomehow(places, wanted, context)
      const isShort = id === undefined && places.output === 'table'
      await printItems(context.io, places.output, {
        items: tally.count(replayed, isShort),
        table: COLUMNS,
        empty: ''
      })
      if (places.output === 'table') await context.io.write(`${tally.text()}\n`)
      if (tally.faults > 0) throw new CliError('CLI_FAULT_FOUND', FAULT_TEXT)
    })
}

const FAULT_TEXT =
  'not every decision comes out as it was; "netminder audit verify" checks the audit itself'

const COLUMNS: readonly Column<Replayed>[] = [
  { title: 'SCORE', value: (row) => OUTCOMES[row.outcome] },
  { title: 'AUDIT', value: (row) => row.audit },
  { title: 'ABOUT', value: (row) => `${row.type} of ${row.value}` },
  { title: 'MADE', value: (row) => utcTime(row.created_at) },
  { title: 'ID', value: (row) => row.id },
  { title: 'WHY', value: (row) => row.detail, isFlexible: true }
]

const OUTCOMES: Readonly<Record<Replayed['outcome'], string>> = {
  same: 'same',
  differs: 'differs',
  'package-absent': 'no package',
  'package-changed': 'package changed',
  'evidence-lost': 'lost',
  'no-model': 'no model'
}

function isSound({ outcome, audit }: Replayed): boolean {
  return (outcome === 'same' || outcome === 'no-model') && audit !== 'broken'
}

class Tally {
  #total = 0
  #same = 0
  #bound = 0
  faults = 0

  async *count(items: AsyncIterable<Replayed>, isShort: boolean): AsyncGenerator<Replayed> {
    for await (const item of items) {
      this.#total++
      if (item.outcome === 'same') this.#same++
      if (item.audit === 'bound') this.#bound++
      if (!isSound(item)) this.faults++
      if (!isShort || !isSound(item)) yield item
    }
  }

  text(): string {
    if (this.#total === 0) return 'No model made any of these decisions.'
    const rest = this.faults === 0 ? '' : `, ${plural(this.faults, 'fault')}`
    return `${plural(this.#total, 'decision')} replayed: ${this.#same} with the same score to the last bit, ${this.#bound} bound to the audit${rest}.`
  }
}

async function replaySomehow(
  places: Places,
  wanted: Wanted,
  context: CliContext
): Promise<AsyncIterable<Replayed>> {
  const { io, signal } = context
  try {
    const client = connect(places)
    const ask = (query: { readonly limit: number; readonly cursor?: string }) =>
      client.call('replayDecisions', { query: { ...wanted, ...query } }, { signal })
    const first = await ask({ limit: PAGE })
    let isFirst = true
    return allItems<Replayed>((page) => {
      const answer = isFirst ? Promise.resolve(first) : ask(page)
      isFirst = false
      return answer
    })
  } catch (error) {
    if (!isUnreachable(error)) throw error
    io.talk(`No node answers; reading the database in ${places.dataDir}.`)
    return replayHere(places, wanted, context)
  }
}

async function* replayHere(
  { dataDir }: Places,
  wanted: Wanted,
  context: CliContext
): AsyncGenerator<Replayed> {
  const db = openDatabaseForReading(dataDir)
  try {
    const replay = replayOver(db, dataDir, context)
    if (wanted.decision !== undefined) {
      const decision = replay.find(wanted.decision)
      if (decision === undefined) {
        throw new CliError(
          'CLI_INPUT_INVALID',
          `expected the id of a decision that is kept, got "${wanted.decision}"`
        )
      }
      yield wireReplayed(await replay.replay(decision))
      return
    }
    const sinceMs = wanted.since === undefined ? undefined : Date.parse(wanted.since)
    let cursor: string | undefined
    do {
      context.signal.throwIfAborted()
      const page = replay.list({ sinceMs, cursor, limit: PAGE })
      for (const decision of page.items) {
        const replayed = await replay.replay(decision)
        if (replayed.outcome !== 'no-model') yield wireReplayed(replayed)
      }
      cursor = page.nextCursor
    } while (cursor !== undefined)
  } finally {
    db.close()
  }
}

function replayOver(db: Connection, dataDir: string, { clock }: CliContext): DecisionReplay {
  const audit = new AuditRepository(db, clock, { headFile: storePaths(dataDir).auditHead })
  const shelf = new PackageFolders({
    shippedDir: shippedModelsDir(),
    ownDir: dataPaths(dataDir).models
  })
  return new DecisionReplay({
    decisions: new DecisionRepository<Decision>(db),
    evidence: new EvidenceRepository<ModelEvidence>(db),
    findCreation: (id) => audit.findFirst(id, CREATION_ACTION),
    models: new KeptPackages({ shelf, store: new ModelRepository(db), task: 'behaviour' })
  })
}
