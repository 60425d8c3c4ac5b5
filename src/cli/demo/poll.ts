/** Asks again and again until there is an answer. */
import type { Clock } from '../../base/index.ts'

/** What does not come soon is asked for ever more rarely: a node answers a client so many times a minute. */
const GROWTH = 1.1
const PAUSE_MS_MAX = 500

/** @returns the first answer that is one; undefined when time is over */
export async function pollFor<T>(
  ask: () => Promise<T | undefined>,
  times: { readonly timeoutMs: number; readonly pollMs: number },
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal }
): Promise<T | undefined> {
  const endMs = clock.monotonicMs() + times.timeoutMs
  for (let pauseMs = times.pollMs; ; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * GROWTH)) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (clock.monotonicMs() > endMs) return undefined
    await clock.sleep(pauseMs, signal)
  }
}
