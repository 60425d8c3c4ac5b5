/** The trainings of a node: the queue over its database, its registry and its configuration. */
import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { type Clock, NetminderError, uuidV7 } from '../base/index.ts'
import { type Config, dataPaths, environmentForChild, programVersion } from '../config/index.ts'
import {
  type JobModels,
  type JobOrder,
  type JobProgress,
  type JobStore,
  TrainingJobs
} from '../jobs/index.ts'
import { type ModelRegistry, modelId, openPackage, readTar } from '../registry/index.ts'
import type { Connection, TrainingJobRepository } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'
import type { Repositories } from './repositories.ts'

export function createTraining(
  { dataDir, config }: { readonly dataDir: string; readonly config: Config },
  ports: {
    readonly db: Connection
    readonly store: Pick<Repositories, 'trainingJobs' | 'audit'>
    readonly registry: ModelRegistry
    readonly clock: Clock
    readonly logger: Logger
  }
): TrainingJobs {
  const { db, store, registry, clock, logger } = ports
  const { training } = config
  const paths = dataPaths(dataDir)
  const jobs: JobStore = store.trainingJobs as TrainingJobRepository<JobOrder, JobProgress>
  return new TrainingJobs(
    {
      ...{ dataDir, dir: paths.training, codeVersion: programVersion() },
      ...{ isEnabled: training.isEnabled, readFrom: training.readFrom },
      queueMax: training.maxQueued,
      memoryBytesMax: training.maxMemoryBytes,
      diskBytesMax: training.maxDiskBytes,
      ...{ cores: training.cores, threads: training.threads, givesWay: training.givesWay },
      checkpointIntervalMs: training.checkpointIntervalMs,
      keyFile: () => (existsSync(paths.networkKey) ? paths.networkKey : undefined),
      environment: environmentForChild()
    },
    {
      ...{ store: jobs, audit: store.audit, unitOfWork: db.transaction, clock },
      models: jobModels(registry, clock),
      createId: (atMs) => uuidV7(atMs, randomBytes(10)),
      log: logger.child({ component: 'training' })
    }
  )
}

/** Another package that is being installed takes a moment, no more. */
const INSTALL_RETRY_MS = 500
const INSTALL_ATTEMPTS_MAX = 60

function jobModels(registry: ModelRegistry, clock: Clock): JobModels {
  return {
    champion(task) {
      const record = registry.champion(task)
      return record && modelId(record)
    },
    versionsOf: (name) =>
      registry
        .list()
        .filter((record) => record.name === name)
        .map(({ version }) => version),
    export: (id) => registry.export(id),
    async install(tar, given) {
      const files = await readTar(createReadStream(tar))
      const { sha256 } = openPackage(files)
      for (let attempt = 1; ; attempt++) {
        // A node that died after it had taken the package, and before it could say so, is given it again.
        const same = registry.list().find(({ digest }) => digest === sha256)
        if (same !== undefined) return modelId(same)
        try {
          return modelId(await registry.installFiles(files, given))
        } catch (error) {
          const isBusy = error instanceof NetminderError && error.code === 'INSTALL_IN_PROGRESS'
          if (!isBusy || attempt === INSTALL_ATTEMPTS_MAX) throw error
          await clock.sleep(INSTALL_RETRY_MS)
        }
      }
    }
  }
}
