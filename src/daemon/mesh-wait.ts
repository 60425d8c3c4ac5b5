/**
 * At the start, gives the networks a moment to meet their peers, so that whoever waits for this node finds it heard. The moment
 * ends: a keyserver is guarded as well by a node that is alone.
 */
import type { Clock } from '../base/index.ts'
import type { NetworkService } from '../network/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { missingMesh } from './readiness.ts'

const WAIT_MS = 10_000
const LOOK_MS = 200

export interface MeshWaitPorts {
  /** Undefined where networks are turned off. */
  readonly network: Pick<NetworkService, 'status'> | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Resolves when every network has its mesh, at once where there is nobody to wait for, at the latest after ten seconds. */
export async function waitForMesh(ports: MeshWaitPorts, signal: AbortSignal): Promise<void> {
  const { network, clock, logger } = ports
  const endsMs = clock.monotonicMs() + WAIT_MS
  while (waitingOf(network).length > 0 && clock.monotonicMs() < endsMs) {
    await clock.sleep(LOOK_MS, signal)
  }
  for (const { id, isAlone, peers, authors } of waitingOf(network)) {
    logger.info(
      { network: id, peers, authors },
      isAlone ? 'alone in a network that has others' : 'no mesh yet in a network'
    )
  }
}

function waitingOf(network: MeshWaitPorts['network']) {
  return (network?.status().networks ?? []).filter((one) =>
    // Whoever knows of nobody but himself waits for nobody.
    one.isAlone ? one.authors > 1 : missingMesh(one).length > 0
  )
}
