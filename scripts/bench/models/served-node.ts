/** A started node of its own, which a figure gives models and asks over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient } from '../../../src/api/index.ts'
import { dataPaths } from '../../../src/config/index.ts'
import { initDataDir } from '../../../src/daemon/index.ts'
import {
  buildPackage,
  type PackageDraft,
  type PackageFiles,
  writeTar
} from '../../../src/registry/index.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'netminder.js')
const START_MS = 60_000
const LOOK_MS = 50
const DIGEST = '00'.repeat(32)

export interface ServedNode {
  readonly url: string
  readonly token: string
  /** Of the process that serves. */
  readonly pid: number
  readonly client: ApiClient
  install(files: PackageFiles): Promise<void>
  stop(): Promise<void>
}

/** @param env further settings, as the program reads them from its environment */
export async function startServedNode(
  env: Readonly<Record<string, string>> = {}
): Promise<ServedNode> {
  const dataDir = mkdtempSync(join(tmpdir(), 'netminder-models-'))
  const paths = dataPaths(dataDir)
  initDataDir({ dataDir, name: 'bench', apiPort: 0 })
  const child = spawn(process.execPath, [LAUNCHER, 'start', '--data-dir', dataDir], {
    stdio: 'ignore',
    env: { ...process.env, ...env }
  })
  const { url, pid } = await foundAddress(child, paths.apiAddress)
  const token = readFileSync(paths.adminToken, 'utf8').trim()
  const client = new ApiClient({ url, token })
  return {
    ...{ url, token, pid, client },
    async install(files) {
      const chunks: Uint8Array[] = []
      for await (const chunk of writeTar(files)) chunks.push(chunk)
      const upload = Buffer.concat(chunks)
      await client.call('installModel', { query: { unsigned: true } }, { upload })
    },
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      rmSync(dataDir, { recursive: true, force: true })
    }
  }
}

interface NodeAddress {
  readonly url: string
  readonly pid: number
}

async function foundAddress(child: ChildProcess, addressFile: string): Promise<NodeAddress> {
  const endMs = performance.now() + START_MS
  while (performance.now() < endMs) {
    if (child.exitCode !== null) throw new Error('expected a node that runs, got its end')
    if (existsSync(addressFile)) {
      return JSON.parse(readFileSync(addressFile, 'utf8')) as NodeAddress
    }
    await sleep(LOOK_MS)
  }
  throw new Error(`expected a started node within ${START_MS} ms`)
}

/** A package of boosted trees, with what a manifest must say besides. */
export function benchPackage(
  version: string,
  draft: Pick<PackageDraft, 'parts' | 'goldenRows'> & {
    readonly featureSetVersion: number | null
    readonly seed: number
  }
): PackageFiles {
  const { parts, goldenRows, featureSetVersion, seed } = draft
  const features = parts.members[0]?.forest.features ?? []
  return buildPackage({
    ...{ parts, goldenRows, card: '# A model to measure with\n' },
    manifest: {
      ...{ name: 'bench', version, kind: 'boosting', task: 'behaviour', featureSetVersion },
      features: features.map((feature) =>
        feature.kind === 'numeric'
          ? { name: feature.name, kind: 'numeric' }
          : { name: feature.name, kind: 'category', categories: [...feature.categories] }
      ),
      classes: [...parts.classes],
      thresholds: { watch: 0.5, throttle: 0.7, ban: 0.9 },
      data: { name: 'made up', rows: 1, sha256: DIGEST, synthetic: true },
      ...{ codeVersion: 'bench', seed, metrics: {} },
      lineage: { parent: null, created_at: '2026-01-01T00:00:00Z', job: null }
    }
  })
}
