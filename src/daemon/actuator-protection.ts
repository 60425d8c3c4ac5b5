/** Who may never be acted on, as actuators ask a last time: from the facts themselves and not from what the guard has made of them. */
import type { Clock } from '../base/index.ts'
import { NeverBlock, type ProtectedFactsPort } from '../defense/index.ts'
import type { ProtectionCheck } from '../keyserver/index.ts'
import type { ListRepository } from '../store/index.ts'

export function actuatorProtection(
  treatAsPublic: readonly string[],
  ports: {
    readonly facts: Pick<ProtectedFactsPort, 'current'>
    readonly allowlist: Pick<ListRepository, 'all'>
    readonly clock: Clock
  }
): ProtectionCheck {
  let current: NeverBlock | undefined
  const read = () => {
    // One answer for all that is asked in this turn: a list of 100 000 must not read the allowlist as often.
    queueMicrotask(() => {
      current = undefined
    })
    return new NeverBlock({
      treatAsPublic,
      allowlist: ports.allowlist.all(),
      protectedEntries: ports.facts.current().entries
    })
  }
  return (prefix) => {
    current ??= read()
    const found = current.find(prefix, ports.clock.nowMs())
    return found === undefined ? undefined : `${found.kind} (${found.detail})`
  }
}
