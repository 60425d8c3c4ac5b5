/** The intake over a database of its own, as the daemon builds it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../../../src/base/index.ts'
import { createNodeVerifier, EventIntake } from '../../../src/network/index.ts'
import {
  AuthorRepository,
  EventRepository,
  NetworkRepository,
  openDatabase
} from '../../../src/store/index.ts'
import type { Network, SignedNetworkEvent } from '../../../src/wire/index.ts'
import { START_MS } from './signed-events.ts'

export interface BenchNode {
  readonly intake: EventIntake
  readonly clock: ManualClock
  /** What failed inside: nothing may. */
  readonly failures: unknown[]
  close(): void
}

export function openBenchNode(networks: readonly Network[]): BenchNode {
  const dataDir = mkdtempSync(join(tmpdir(), 'netminder-intake-'))
  const clock = new ManualClock(START_MS)
  const { db } = openDatabase({ dataDir, clock })
  const kept = new NetworkRepository(db)
  const failures: unknown[] = []
  const intake = new EventIntake(
    {},
    {
      clock,
      verify: createNodeVerifier(),
      events: new EventRepository(db),
      authors: new AuthorRepository(db),
      onFailure: (error) => failures.push(error)
    }
  )
  for (const network of networks) {
    const { id, name, bytes: document } = network
    kept.save({ id, name, document, admission: undefined, bootstrap: [], joinedAtMs: START_MS })
    intake.join(network)
  }
  const close = () => {
    db.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { intake, clock, failures, close }
}

/** @throws if it is not accepted */
export async function expectAccepted(node: BenchNode, event: SignedNetworkEvent): Promise<void> {
  const origin = { network: event.network, via: 'sync', peer: 'bench' } as const
  const verdict = await node.intake.submit(event.bytes, origin)
  if (verdict.verdict !== 'accept') {
    throw new Error(`expected an event to be accepted, got ${verdict.reason}`)
  }
}
