/**
 * Kills a writing process with SIGKILL at random moments, again and again on the same database, and after each kill checks what the
 * process had acknowledged: every decision is there as it was written, with what a model went by, the audit is whole, the database is sound.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { ManualClock, type Random, SystemClock } from '../../../src/base/index.ts'
import {
  AuditRepository,
  DecisionRepository,
  EvidenceRepository,
  openDatabase,
  storePaths
} from '../../../src/store/index.ts'
import { decisionOfRun, evidenceOfRun } from './workload.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
/** A start takes about 150 ms; one that takes this long hangs. */
const FIRST_WORD_TIMEOUT_MS = 20_000
/** One kill in so many comes while the process is still starting, opening or recovering. */
const EARLY_KILL_SHARE = 0.15
const EARLY_KILL_MS_MAX = 160
const LOAD_MS_MAX = 120

export interface KillOptions {
  readonly dataDir: string
  readonly kills: number
  readonly random: Random
  readonly acknowledge: 'after-commit' | 'before-commit'
  progress(text: string): void
}

export interface KillResult {
  readonly kills: number
  readonly acknowledged: number
  /** Acknowledged decisions that are missing or are not what was written. */
  readonly lost: number
  /** Faults of the audit and of the database, one sentence each. */
  readonly faults: readonly string[]
}

export async function killRepeatedly(options: KillOptions): Promise<KillResult> {
  const acknowledgedByRun: number[] = []
  const faults: string[] = []
  let lost = 0
  for (let run = 0; run < options.kills; run++) {
    acknowledgedByRun.push(await killOnce(options, run))
    const check = await checkStore(options.dataDir, acknowledgedByRun, run)
    lost += check.lost
    faults.push(...check.faults)
    if (faults.length > 100) break
    if ((run + 1) % 20 === 0) {
      const total = acknowledgedByRun.reduce((sum, count) => sum + count, 0)
      options.progress(`${run + 1} kills, ${total} acknowledged, ${lost} lost`)
    }
  }
  // All of them once more: what an earlier check found must not have gone in a later crash.
  const last = await checkStore(options.dataDir, acknowledgedByRun, 0)
  return {
    kills: acknowledgedByRun.length,
    acknowledged: acknowledgedByRun.reduce((sum, count) => sum + count, 0),
    lost: Math.max(lost, last.lost),
    faults: [...faults, ...last.faults]
  }
}

/** @returns how many the process had acknowledged when it died */
async function killOnce(options: KillOptions, run: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [WRITER, options.dataDir, String(run), options.acknowledge],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  )
  const closed = once(child, 'close')
  const words = new WordCounter(child)
  const isEarly = options.random.next() < EARLY_KILL_SHARE
  const delayMs = options.random.next() * (isEarly ? EARLY_KILL_MS_MAX : LOAD_MS_MAX)
  try {
    if (!isEarly) await words.first()
    await pause(delayMs)
  } finally {
    child.kill('SIGKILL')
  }
  const [, signal] = await closed
  if (signal !== 'SIGKILL')
    throw new Error(`expected the writer to be killed, got: ${words.errors}`)
  return words.complete
}

class WordCounter {
  complete = 0
  errors = ''
  readonly #first: Promise<void>

  constructor(child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors = `${this.errors}${text}`.slice(-4_000)
    })
    this.#first = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new Error(`expected the writer to acknowledge something, got: ${this.errors}`)),
        FIRST_WORD_TIMEOUT_MS
      )
      const settle = () => {
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.on('data', (bytes: Buffer) => {
        // A number without its newline was not said.
        for (const byte of bytes) if (byte === 0x0a) this.complete++
        if (this.complete > 0) settle()
      })
      child.once('close', settle)
    })
  }

  first(): Promise<void> {
    return this.#first
  }
}

async function checkStore(
  dataDir: string,
  acknowledgedByRun: readonly number[],
  firstRun: number
): Promise<{ lost: number; faults: string[] }> {
  const faults: string[] = []
  const { db, setAside } = openDatabase({ dataDir, clock: new SystemClock() })
  try {
    if (setAside !== undefined) faults.push(`the database was damaged and set aside at ${setAside}`)
    const integrity = db.pragma('integrity_check')
    if (integrity !== 'ok') faults.push(`integrity_check says ${String(integrity)}`)
    const headFile = storePaths(dataDir).auditHead
    const audit = await new AuditRepository(db, new ManualClock(), { headFile }).verify()
    for (const fault of audit.faults) faults.push(`audit: ${fault.detail}`)
    const kept = { decisions: new DecisionRepository(db), evidence: new EvidenceRepository(db) }
    let lost = 0
    for (const [run, acknowledged] of acknowledgedByRun.entries()) {
      if (run < firstRun) continue
      for (let number = 0; number < acknowledged; number++) {
        if (!isKept(kept, run, { number, isLast: number === acknowledged - 1 })) lost++
      }
    }
    return { lost, faults }
  } finally {
    db.close()
  }
}

interface Kept {
  readonly decisions: DecisionRepository
  readonly evidence: EvidenceRepository
}

/** Every decision but the last was lifted by the transaction of the next one, which was acknowledged as well. */
function isKept(
  { decisions, evidence }: Kept,
  run: number,
  of: { readonly number: number; readonly isLast: boolean }
): boolean {
  const written = decisionOfRun(run, of.number)
  const found = decisions.find(written.id)
  if (!isDeepStrictEqual(evidence.find(written.id), evidenceOfRun(run, of.number))) return false
  const lifted = { ...written, liftedAtMs: written.createdAtMs + 1, liftedBy: 'load' }
  return isDeepStrictEqual(found, lifted) || (of.isLast && isDeepStrictEqual(found, written))
}
