/** The model by which a running node judges its traffic now, with the thresholds that its operator has set. */
import type { ApiClient } from '../../api/index.ts'
import type { BehaviourModel } from '../../detection/index.ts'
import { openPackage, readTar } from '../../registry/index.ts'
import { behaviourModelOf } from './shipped-model.ts'

/** Undefined where the rules judge alone. @throws {ApiError | ApiClientError | ModelError | TAR_INVALID | MODEL_MISMATCH} */
export async function findNodeChampion(
  client: ApiClient,
  signal: AbortSignal
): Promise<BehaviourModel | undefined> {
  const query = { task: 'behaviour', stage: 'champion' } as const
  const { items } = await client.call('listModels', { query }, { signal })
  const [champion] = items
  if (champion === undefined || champion.problem !== null) return undefined
  const { id, thresholds } = champion
  const tar = client.download('exportModel', { model_id: id }, { signal })
  const given = Object.entries(thresholds).filter(([, from]) => from !== undefined)
  return behaviourModelOf(openPackage(await readTar(tar)), Object.fromEntries(given))
}
