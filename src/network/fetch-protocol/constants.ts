/** Numbers of protocols/fetch/README.md. */

/** One request and 512 KiB of answer over a slow line. */
export const FETCH_TIMEOUT_MS = 20_000
/** At once from one peer; more wait in libp2p, which resets what is beyond. */
export const FETCH_STREAMS_MAX = 4

export interface FetchQuota {
  readonly requestsPerMinute: number
  readonly bytesPerMinute: number
}

/** A node that comes back after a month gets its 300 000 events within a minute, if they are small. */
export const AUTHOR_QUOTA: FetchQuota = { requestsPerMinute: 1_200, bytesPerMinute: 134_217_728 }
/** Who is not known to the network yet: so much that a newcomer learns who its authors are, who he is after a moment himself. */
export const STRANGER_QUOTA: FetchQuota = { requestsPerMinute: 120, bytesPerMinute: 16_777_216 }
