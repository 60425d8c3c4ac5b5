/** The networks of one node, put together by the daemon's own code: SQLite on disk, libp2p over loopback, the machine's clock. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../../src/base/index.ts'
import { parseConfig } from '../../../src/config/index.ts'
import { createNetwork, openRepositories } from '../../../src/daemon/index.ts'
import type { NetworkService } from '../../../src/network/index.ts'
import { openDatabase } from '../../../src/store/index.ts'
import { NULL_LOGGER, NullMetricsRegister } from '../../../src/telemetry/index.ts'

const START_MS = 60_000
/** Defaults, but for loopback. */
const CONFIG = '[network]\nlisten = ["/ip4/127.0.0.1/tcp/0"]\n'

export interface RealNode {
  readonly network: NetworkService
  close(): Promise<void>
}

export async function openRealNode(): Promise<RealNode> {
  const dataDir = mkdtempSync(join(tmpdir(), 'netminder-real-node-'))
  const clock = new SystemClock()
  const { db } = openDatabase({ dataDir, clock })
  const config = parseConfig(CONFIG, 'bench')
  const store = openRepositories(db, dataDir, { clock, logger: NULL_LOGGER })
  const ports = { store, declared: new NullMetricsRegister(), clock, logger: NULL_LOGGER }
  const network = createNetwork({ dataDir, config }, ports)
  if (network === undefined) throw new Error('expected networks to be turned on')
  await network.start(AbortSignal.timeout(START_MS))
  const close = async () => {
    await network.stop()
    db.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { network, close }
}
