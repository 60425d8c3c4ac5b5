/** Whether the node can do its work, part by part: what `/readyz`, `status` and `doctor` show. */
import type { ComponentState, Readiness } from '../api/index.ts'
import type { GuardService, SharingStatus } from '../defense/index.ts'
import type { NetworkService, NetworkState } from '../network/index.ts'
import type { NodeModels } from './models.ts'
import type { StoreWatch } from './store-watch.ts'
import type { TrafficIntake } from './traffic-intake.ts'

export interface ReadinessParts {
  readonly intake: Pick<TrafficIntake, 'statuses'>
  readonly guard: Pick<GuardService, 'actuators' | 'storeProblem'>
  readonly storeWatch: Pick<StoreWatch, 'problem'>
  /** Undefined where only the rules shall judge. */
  readonly models?: Pick<NodeModels, 'problem' | 'describe'> | undefined
  /** Undefined where networks are turned off. */
  readonly network?: Pick<NetworkService, 'status'> | undefined
  readonly sharing?: { status(): SharingStatus } | undefined
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
      ...modelStates(parts),
      ...networkStates(parts),
      ...sharingStates(parts)
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

/** Where no model can, the rules judge: a champion that cannot be used takes something away, and no more. */
function modelStates({ models }: ReadinessParts): readonly ComponentState[] {
  if (models === undefined) return []
  const { problem } = models
  const who = models.describe()
  return problem === undefined
    ? [{ name: 'models', state: 'ok', detail: who }]
    : [{ name: 'models', state: 'degraded', detail: `${problem}; ${who}` }]
}

/** A node without others guards as before: it is alone, and no less ready for it. With others, what it says must arrive. */
function networkStates({ network }: ReadinessParts): readonly ComponentState[] {
  const { problem, networks } = network?.status() ?? { problem: undefined, networks: [] }
  if (problem !== undefined) return [{ name: 'networks', state: 'degraded', detail: problem }]
  return networks.map((one) => {
    const waiting = missingMesh(one)
    const complaints = [
      ...complaintsOfSpeaking(one),
      ...(waiting.length > 0 ? [`waits for a mesh: ${waiting.join(', ')}`] : []),
      ...(one.isEclipseSuspected ? ['its peers may keep it apart from the rest'] : [])
    ]
    const connected = `${one.peers} ${one.peers === 1 ? 'node' : 'nodes'} connected`
    return {
      name: `network ${one.name}`,
      state: complaints.length > 0 ? 'degraded' : 'ok',
      detail: one.isAlone
        ? ['alone: no other node is connected', ...complaints].join('; ')
        : [connected, ...complaints].join('; ')
    }
  })
}

/** Whoever could not announce himself is not admitted either, but for another reason than his key. */
function complaintsOfSpeaking({ isAdmitted, announceProblem }: NetworkState): readonly string[] {
  if (announceProblem !== undefined) return [`it could not announce itself: ${announceProblem}`]
  return isAdmitted ? [] : ['nobody takes what it says: its key is not admitted']
}

/** Named only while somebody has to wait for a warning: they are told in the end, and the guard does not need them to be. */
function sharingStates({ sharing }: ReadinessParts): readonly ComponentState[] {
  const { unsaid, why } = sharing?.status() ?? { unsaid: 0, why: undefined }
  if (unsaid === 0 || why === undefined) return []
  const decisions = `${unsaid} ${unsaid === 1 ? 'decision' : 'decisions'}`
  return [
    {
      name: 'sharing',
      state: 'degraded',
      detail: `${decisions} not told to all other operators yet: ${why}`
    }
  ]
}

/** `2 of 6 on alert`, for each topic on which too few would pass on what this node says. */
export function missingMesh({ isAlone, mesh, meshWanted }: MeshState): readonly string[] {
  if (isAlone) return []
  return Object.entries(meshWanted).flatMap(([topic, wanted]) => {
    const size = mesh[topic as keyof typeof mesh]
    return size < wanted ? [`${size} of ${wanted} on ${topic}`] : []
  })
}

type MeshState = Pick<NetworkState, 'isAlone' | 'mesh' | 'meshWanted'>
