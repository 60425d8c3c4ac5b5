/** Asks again and again until there is an answer. */
import type { Clock } from '../../base/index.ts'

/** @returns the first answer that is one; undefined when time is over */
export async function pollFor<T>(
  ask: () => Promise<T | undefined>,
  times: { readonly timeoutMs: number; readonly pollMs: number },
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal }
): Promise<T | undefined> {
  const endMs = clock.monotonicMs() + times.timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (clock.monotonicMs() > endMs) return undefined
    await clock.sleep(times.pollMs, signal)
  }
}
