/** What own alerts say to others: which prefix, for which decision, and whether it has to be taken back. */
import { hexOf } from '../base/index.ts'
import type { Connection, PreparedStatement } from './connection.ts'

export type ToldState = 'standing' | 'over' | 'withdrawn'

export interface ToldRecord<S = unknown> {
  /** 32 hexadecimal digits. */
  readonly network: string
  /** The id of the alert: 64 hexadecimal digits. */
  readonly alert: string
  readonly decision: string
  readonly prefix: string
  /** What others may know of the decision. */
  readonly shared: S
  readonly state: ToldState
  readonly endsAtMs: number
  /** Until when the own vote on the prefix holds; 0: none was said. */
  readonly votedUntilMs: number
}

/** What stands of a decision in one network, by prefix. */
export interface SaidRecord {
  readonly prefix: string
  /** Until when the decision was said to hold. */
  readonly untilMs: number
  readonly votedUntilMs: number
}

interface SaidRow {
  readonly prefix: string
  readonly until_ms: number
  readonly voted_until_at_ms: number
}

interface ToldRow {
  readonly network: Uint8Array
  readonly alert: Uint8Array
  readonly decision: string
  readonly prefix: string
  readonly shared: string
  readonly state: ToldState
  readonly ends_at_ms: number
  readonly voted_until_at_ms: number
}

/** A line for each decision and prefix. */
const WITHDRAWN_MAX = 10_000
const SAID_MAX = 10_000
const DECISIONS_MAX = 100_000

export class ToldRepository<S = unknown> {
  readonly #db: Connection
  readonly #insert: PreparedStatement<
    [Uint8Array, Uint8Array, string, string, string, ToldState, number, number]
  >
  readonly #end: PreparedStatement<[string]>
  readonly #withdraw: PreparedStatement<[string, string]>
  readonly #withdrawn: PreparedStatement<[number], ToldRow>
  readonly #isStanding: PreparedStatement<[string, Uint8Array, number], unknown>
  readonly #isSaidElsewhere: PreparedStatement<[Uint8Array, string, string], unknown>
  readonly #said: PreparedStatement<[Uint8Array, string, number], SaidRow>
  readonly #vote: PreparedStatement<[number, Uint8Array, string, string]>
  readonly #standing: PreparedStatement<[number], { readonly decision: string }>
  readonly #remove: PreparedStatement<[Uint8Array, Uint8Array]>
  readonly #removeEnded: PreparedStatement<[number]>

  constructor(db: Connection) {
    this.#db = db
    this.#insert =
      db.prepare(`INSERT INTO told_indicator (network, alert, decision, prefix, shared, state, ends_at_ms,
        voted_until_at_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
    this.#end = db.prepare(
      "UPDATE told_indicator SET state = 'over' WHERE decision = ? AND state = 'standing'"
    )
    // Whoever was wrong about a prefix was so as well when he said it for a decision that has ended.
    this.#withdraw = db.prepare(`UPDATE told_indicator SET state = 'withdrawn'
      WHERE decision = ? OR (state = 'over' AND prefix IN (SELECT value FROM json_each(?)))`)
    this.#withdrawn = db.prepare(`SELECT t.* FROM told_indicator AS t
      WHERE t.ends_at_ms > ? AND EXISTS (SELECT 1 FROM told_indicator AS w
        WHERE w.state = 'withdrawn' AND w.network = t.network AND w.alert = t.alert)
      ORDER BY t.network, t.alert, t.decision, t.prefix LIMIT ${WITHDRAWN_MAX}`)
    this.#isStanding = db.prepare(`SELECT 1 FROM told_indicator
      WHERE prefix = ? AND state = 'standing' AND network = ? AND ends_at_ms > ? LIMIT 1`)
    this.#isSaidElsewhere = db.prepare(`SELECT 1 FROM told_indicator AS t
      WHERE t.network = ? AND t.decision = ? AND t.prefix = ? AND t.state = 'standing'
        AND NOT EXISTS (SELECT 1 FROM told_indicator AS w
          WHERE w.state = 'withdrawn' AND w.network = t.network AND w.alert = t.alert) LIMIT 1`)
    this.#said = db.prepare(`SELECT prefix, max(json_extract(shared, '$.untilMs')) AS until_ms,
        max(voted_until_at_ms) AS voted_until_at_ms FROM told_indicator
      WHERE network = ? AND decision = ? AND state = 'standing' AND ends_at_ms > ?
      GROUP BY prefix LIMIT ${SAID_MAX}`)
    this.#vote = db.prepare(`UPDATE told_indicator SET voted_until_at_ms = ?
      WHERE network = ? AND decision = ? AND prefix = ? AND state = 'standing'`)
    this.#standing = db.prepare(`SELECT DISTINCT decision FROM told_indicator
      WHERE state = 'standing' AND ends_at_ms > ? LIMIT ${DECISIONS_MAX}`)
    this.#remove = db.prepare('DELETE FROM told_indicator WHERE network = ? AND alert = ?')
    this.#removeEnded = db.prepare('DELETE FROM told_indicator WHERE ends_at_ms <= ?')
  }

  /** Of a network that is joined. */
  save(records: readonly ToldRecord<S>[]): void {
    this.#db.transaction.run(() => {
      for (const { network, alert, decision, prefix, shared, ...how } of records) {
        const event = [bytesOf(network), bytesOf(alert)] as const
        const what = [decision, prefix, JSON.stringify(shared)] as const
        this.#insert.run(...event, ...what, how.state, how.endsAtMs, how.votedUntilMs)
      }
    })
  }

  /** What standing alerts of the network say for the decision. */
  said(network: string, decision: string, nowMs: number): readonly SaidRecord[] {
    return this.#said.all(bytesOf(network), decision, nowMs).map((row) => ({
      prefix: row.prefix,
      untilMs: row.until_ms,
      votedUntilMs: row.voted_until_at_ms
    }))
  }

  /** The own vote on these prefixes was said, for as long. */
  vote(
    network: string,
    votes: readonly Pick<ToldRecord, 'decision' | 'prefix' | 'votedUntilMs'>[]
  ): void {
    this.#db.transaction.run(() => {
      for (const { decision, prefix, votedUntilMs } of votes) {
        this.#vote.run(votedUntilMs, bytesOf(network), decision, prefix)
      }
    })
  }

  /** Of which something is said, as if they were in force; at most 100 000. */
  standing(nowMs: number): readonly string[] {
    return this.#standing.all(nowMs).map(({ decision }) => decision)
  }

  /** The decision ended in its time. */
  end(decision: string): void {
    this.#end.run(decision)
  }

  /** What was said for the decision, and for earlier ones about these prefixes, has to be taken back. */
  withdraw(decision: string, prefixes: readonly string[]): void {
    this.#withdraw.run(decision, JSON.stringify(prefixes))
  }

  /**
   * Everything that is said by the alerts in which something has to be taken back, by network and alert. At most some 10 000 lines
   * of whole alerts: the others come when these are done.
   */
  withdrawn(nowMs: number): readonly ToldRecord<S>[] {
    return wholeAlerts(this.#withdrawn.all(nowMs)).map(
      (row): ToldRecord<S> => ({
        network: hexOf(row.network),
        alert: hexOf(row.alert),
        decision: row.decision,
        prefix: row.prefix,
        // Written by `save`.
        shared: JSON.parse(row.shared) as S,
        state: row.state,
        endsAtMs: row.ends_at_ms,
        votedUntilMs: row.voted_until_at_ms
      })
    )
  }

  /** Whether it is still said for a decision that is in force. */
  isStanding(network: string, prefix: string, nowMs: number): boolean {
    return this.#isStanding.find(prefix, bytesOf(network), nowMs) !== undefined
  }

  /** Whether an alert says so in which nothing has to be taken back. */
  isSaidElsewhere({
    network,
    decision,
    prefix
  }: Pick<ToldRecord, 'network' | 'decision' | 'prefix'>): boolean {
    return this.#isSaidElsewhere.find(bytesOf(network), decision, prefix) !== undefined
  }

  /** The alert was taken back. */
  remove(network: string, alert: string): void {
    this.#remove.run(bytesOf(network), bytesOf(alert))
  }

  removeEnded(nowMs: number): void {
    this.#removeEnded.run(nowMs)
  }
}

/** Without the last alert where more of it may have been cut off. */
function wholeAlerts(rows: readonly ToldRow[]): readonly ToldRow[] {
  const last = rows.at(-1)
  if (last === undefined || rows.length < WITHDRAWN_MAX) return rows
  const whole = rows.filter(({ alert }) => Buffer.compare(alert, last.alert) !== 0)
  return whole.length === 0 ? rows : whole
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
