export interface HaproxyActuatorOptions {
  readonly name: string
  /** `blacklist.list` as this program sees it; undefined: the running list only, which a reload empties. */
  readonly listPath: string | undefined
  /** The same file as HAProxy names it; undefined: found by its last two path parts. */
  readonly listPathInProxy: string | undefined
  /** Admin socket; undefined: the file only, which counts from HAProxy's next reload. */
  readonly socket: string | undefined
  /** Undefined: no throttles here. */
  readonly throttleTable: string | undefined
  readonly commandTimeoutMs: number
  /** File that says what was put in place. */
  readonly recordPath: string
}
