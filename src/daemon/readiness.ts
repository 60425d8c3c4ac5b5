/** Whether the node can do its work, part by part: what `/readyz`, `status` and `doctor` show. */
import type { ComponentState, Readiness } from '../api/index.ts'
import type { GuardService } from '../defense/index.ts'
import type { NetworkService } from '../network/index.ts'
import type { StoreWatch } from './store-watch.ts'
import type { TrafficIntake } from './traffic-intake.ts'

export interface ReadinessParts {
  readonly intake: Pick<TrafficIntake, 'statuses'>
  readonly guard: Pick<GuardService, 'actuators' | 'storeProblem'>
  readonly storeWatch: Pick<StoreWatch, 'problem'>
  /** Undefined where networks are turned off. */
  readonly network?: Pick<NetworkService, 'status'> | undefined
}

/**
 * The node is not ready (`failed`) if it cannot write its database, or if none of its logs can be read: then it guards nothing, or
 * forgets what it decides. One log or one actuator that fails makes it degraded: the rest of it works, and the keyserver serves.
 */
export function nodeReadiness(parts: ReadinessParts): Readiness {
  return {
    components: () => [
      databaseState(parts),
      ...sourceStates(parts),
      ...actuatorStates(parts),
      ...networkStates(parts)
    ]
  }
}

function databaseState({ guard, storeWatch }: ReadinessParts): ComponentState {
  const problem = guard.storeProblem ?? storeWatch.problem
  return {
    name: 'database',
    state: problem === undefined ? 'ok' : 'failed',
    detail: problem ?? 'can be written'
  }
}

function sourceStates({ intake }: ReadinessParts): readonly ComponentState[] {
  const statuses = intake.statuses()
  const isBlind = statuses.every(({ state }) => state === 'failing')
  return statuses.map(({ name, state, problem, lines }) => ({
    name: `source ${name}`,
    state: state === 'reading' || state === 'ended' ? 'ok' : isBlind ? 'failed' : 'degraded',
    detail: problem?.message ?? `${lines} lines read`
  }))
}

function actuatorStates({ guard }: ReadinessParts): readonly ComponentState[] {
  return guard.actuators().map(({ name, state, lastError, desired }) => ({
    name: `actuator ${name}`,
    state: state === 'ok' ? 'ok' : 'degraded',
    detail: lastError ?? `${desired} ${desired === 1 ? 'entry' : 'entries'} wanted`
  }))
}

/** A node without others guards as before: it is alone, or waits, and is no less ready for it. */
function networkStates({ network }: ReadinessParts): readonly ComponentState[] {
  return (network?.status().networks ?? []).map(({ name, isAlone, peers, mesh }) => {
    const waiting = Object.entries(mesh).filter(([, size]) => size === 0)
    const isWaiting = !isAlone && waiting.length > 0
    const connected = `${peers} ${peers === 1 ? 'node' : 'nodes'} connected`
    return {
      name: `network ${name}`,
      state: isWaiting ? 'degraded' : 'ok',
      detail: isAlone
        ? 'alone: no other node is connected'
        : isWaiting
          ? `${connected}, waits for a mesh on ${waiting.map(([topic]) => topic).join(', ')}`
          : connected
    }
  })
}
