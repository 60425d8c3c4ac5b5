/** Numbers of protocols/sync/README.md. */

/** "1 with a peer, 4 in all": each side counts those that it answers, and those that it began. */
export const SESSIONS_MAX = 4
/** A session of 24 rounds for each of 7 kinds over a slow line; whoever takes longer holds a place that others need. */
export const SESSION_TIMEOUT_MS = 30_000
