/** The mode as the operator set it last, with the one before it. Knows nothing of what a mode means. */
import type { Connection, PreparedStatement } from './connection.ts'

export interface ModeRecord {
  readonly overall: string
  readonly byCategory: Readonly<Partial<Record<string, string>>>
  readonly previous:
    | {
        readonly overall: string
        readonly byCategory: Readonly<Partial<Record<string, string>>>
      }
    | undefined
}

interface ModeRow {
  readonly overall: string
  readonly by_category: string
  readonly previous: string | null
}

export class ModeRepository<M extends ModeRecord = ModeRecord> {
  readonly #initial: M
  readonly #get: PreparedStatement<[], ModeRow>
  readonly #set: PreparedStatement<[string, string, string | null], undefined>

  /** @param initial what holds until the first change */
  constructor(db: Connection, initial: M) {
    this.#initial = initial
    this.#get = db.prepare('SELECT overall, by_category, previous FROM mode_setting WHERE id = 1')
    this.#set =
      db.prepare(`INSERT INTO mode_setting (id, overall, by_category, previous) VALUES (1, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET overall = excluded.overall, by_category = excluded.by_category,
        previous = excluded.previous`)
  }

  get(): M {
    const row = this.#get.find()
    if (row === undefined) return this.#initial
    const record = {
      overall: row.overall,
      byCategory: JSON.parse(row.by_category) as M['byCategory'],
      previous: row.previous === null ? undefined : (JSON.parse(row.previous) as M['previous'])
    }
    // The row holds what an earlier `set(settings: M)` put there.
    return record as unknown as M
  }

  set(settings: M): void {
    const previous = settings.previous === undefined ? null : JSON.stringify(settings.previous)
    this.#set.run(settings.overall, JSON.stringify(settings.byCategory), previous)
  }
}
