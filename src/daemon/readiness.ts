/** Whether the node can do its work, part by part: what `/readyz` and `status` show. */
import type { ComponentState, Readiness } from '../api/index.ts'
import type { GuardService } from '../defense/index.ts'
import type { TrafficIntake } from './traffic-intake.ts'

/** A source or actuator that fails makes the node degraded, not unready: the rest of it works, and the keyserver serves. */
export function nodeReadiness(intake: TrafficIntake, guard: GuardService): Readiness {
  return {
    components: () => [
      ...intake.statuses().map(
        ({ name, state, problem, lines }): ComponentState => ({
          name: `source ${name}`,
          state: state === 'reading' || state === 'ended' ? 'ok' : 'degraded',
          detail: problem?.message ?? `${lines} lines read`
        })
      ),
      ...guard.actuators().map(
        ({ name, state, lastError, desired }): ComponentState => ({
          name: `actuator ${name}`,
          state: state === 'ok' ? 'ok' : 'degraded',
          detail: lastError ?? `${desired} entries wanted`
        })
      )
    ]
  }
}
