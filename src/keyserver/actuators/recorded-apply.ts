/**
 * The order in which an actuator changes anything, so that whatever fails or dies in between, what is in place is known to the
 * sweep: record first, then the places, then the record again. One place that fails does not keep the others from being told.
 */
import { messageOf } from '../../base/index.ts'
import type { ActuatorEntry } from './actuator.ts'
import { entryKey } from './desired-plan.ts'
import type { HeldEntry, HeldRecord } from './held-record.ts'

export interface RecordedWork {
  readonly record: HeldRecord
  readonly signal: AbortSignal
  /** Entries that a place marks as ours whether or not the record knows them; their end is unknown (0). */
  readonly findMarked: (recorded: readonly HeldEntry[]) => Promise<readonly HeldEntry[]>
  /** What should be held; undefined if nothing is to be done. */
  readonly goalOf: (before: readonly HeldEntry[]) => readonly HeldEntry[] | undefined
  /** Each puts the goal in place somewhere. `pending`: it could not, which is no failure, and the record keeps all. */
  readonly steps: readonly ((
    goal: readonly HeldEntry[],
    before: readonly HeldEntry[]
  ) => Promise<'done' | 'pending'>)[]
  /** The goal as the record should say it, now that the places were seen. */
  readonly finish: (goal: readonly HeldEntry[]) => readonly HeldEntry[]
}

export interface RecordedOutcome {
  /** What went wrong without hindering the work. */
  readonly warnings: readonly string[]
  /** Keys of entries of ours that an earlier call had put in place: where one is added again, it had vanished. */
  readonly confirmed: ReadonlySet<string>
}

/**
 * @throws {KeyserverError} of the first place that failed, after the others were told
 */
export async function applyRecorded(work: RecordedWork): Promise<RecordedOutcome> {
  return await work.record.exclusively(work.signal, () => applyAlone(work))
}

async function applyAlone(work: RecordedWork): Promise<RecordedOutcome> {
  const { record } = work
  const failures: unknown[] = []
  const warnings: string[] = []
  const { entries, damage } = await record.readOrReport()
  // A list that cannot be read fails again as a step, which tells.
  const marked = await work.findMarked(entries).catch(() => [])
  if (damage !== undefined) {
    const aside = await record.setAside()
    warnings.push(
      `${messageOf(damage)}; it was put aside as ${aside}, and what is ours was read from the list's marks. Throttles from before end by the proxy's own time`
    )
  }
  const before = union(entries, marked)
  const confirmed = new Set(before.filter(isConfirmed).map(entryKey))
  const wanted = work.goalOf(before)
  if (wanted === undefined) return { warnings, confirmed }
  let goal = withFlags(wanted, before)
  try {
    await record.write(union(goal, before))
  } catch (error) {
    failures.push(error)
    // What the sweep would not know is not put in place; what has to end still ends.
    const known = new Set(before.map(entryKey))
    goal = goal.filter((entry) => known.has(entryKey(entry)))
  }
  let isPending = false
  for (const step of work.steps) {
    try {
      if ((await step(goal, before)) === 'pending') isPending = true
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  if (!isPending) await record.write(work.finish(goal.map(unpended)))
  return { warnings, confirmed }
}

function isConfirmed(entry: HeldEntry): boolean {
  return entry.isForeign !== true && entry.isPending !== true
}

/** An entry keeps what the record knows of it; one that is new to the record is pending until all places were told. */
function withFlags(goal: readonly HeldEntry[], before: readonly HeldEntry[]): readonly HeldEntry[] {
  const known = new Map(before.map((entry) => [entryKey(entry), entry]))
  return goal.map((entry) => {
    const { isForeign = false, isPending = false } = known.get(entryKey(entry)) ?? {
      isPending: true
    }
    const flags = { ...(isForeign ? { isForeign } : {}), ...(isPending ? { isPending } : {}) }
    return { ...plainEntry(entry), ...flags }
  })
}

function unpended(entry: HeldEntry): HeldEntry {
  return entry.isForeign === true ? { ...plainEntry(entry), isForeign: true } : plainEntry(entry)
}

/** Without what only the record is to know. */
export function plainEntry({ prefix, action, untilMs, decisionId }: HeldEntry): ActuatorEntry {
  return { prefix, action, untilMs, decisionId }
}

function union(first: readonly HeldEntry[], second: readonly HeldEntry[]): readonly HeldEntry[] {
  const keys = new Set(first.map(entryKey))
  return [...first, ...second.filter((entry) => !keys.has(entryKey(entry)))]
}
