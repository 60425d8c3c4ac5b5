/** Numbers of protocols/fetch/README.md. */

/** One request and 512 KiB of answer over a slow line. */
export const FETCH_TIMEOUT_MS = 20_000
/** At once from one peer; more wait in libp2p, which resets what is beyond. */
export const FETCH_STREAMS_MAX = 4
