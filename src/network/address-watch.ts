/**
 * Sees that others have to dial another address than they were told: a relay was found or lost, a router gave a port, an interface
 * came up. Who depends on a relay has no address at all when he starts.
 */
import type { Clock } from '../base/index.ts'

/** An address that is still there at the next look is there to stay. */
const TICK_MS = 2_000
/** An announce counts against the quota, which warnings need. */
const PAUSE_MS = 5 * 60_000

/** Calls back until the signal aborts, not more often than every five minutes. */
export function watchAddresses(
  clock: Clock,
  ports: { readonly signal: AbortSignal; readonly addresses: () => readonly string[] },
  onChange: () => Promise<void>
): void {
  const look = () => [...ports.addresses()].sort().join()
  let told = look()
  let seen = told
  let toldAtMs = Number.NEGATIVE_INFINITY
  clock.every(
    TICK_MS,
    async () => {
      const before = seen
      seen = look()
      const nowMs = clock.monotonicMs()
      if (seen === told || seen !== before || nowMs - toldAtMs < PAUSE_MS) return
      told = seen
      toldAtMs = nowMs
      await onChange()
    },
    ports.signal
  )
}
