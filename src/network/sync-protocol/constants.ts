/** Numbers of protocols/sync/README.md. */

/** "1 with a peer, 4 in all": each side counts those that it answers, and those that it began. */
export const SESSIONS_MAX = 4
/** Of those that are answered: the other places are kept for peers that may speak in the network. */
export const STRANGER_SESSIONS_MAX = 2
/** A session of 24 rounds for each of 7 kinds over a slow line; whoever takes longer holds a place that others need. */
export const SESSION_TIMEOUT_MS = 30_000
/** A frame of 60 000 bytes over a line of 12 kB a second. Whoever asks has only to compare before he sends the next. */
export const FRAME_TIMEOUT_MS = 5_000
/** A peer that let a session run out of time is not answered for so long. */
export const LATE_PAUSE_MS = 60_000
/** A node asks once a minute, and whenever there is news of which it lacks some. */
export const SESSIONS_PER_MINUTE = 120
/** Ids told, and ranges summed up at the cost of sixteen ids. Two nodes that share nothing compare 100 000 events with it. */
export const ITEMS_PER_MINUTE = 262_144
export const ITEMS_PER_RANGE = 16
