/** What the registry says no to, in words. */
import { RegistryError } from './errors.ts'
import { type ModelRecord, type ModelStage, modelId } from './model-record.ts'

/** Each is asked about everything that the champion is asked about. */
const TRIED_MAX: Readonly<Partial<Record<ModelStage, number>>> = { canary: 1, shadow: 2 }

export function checkRevision(record: ModelRecord, revision: number | undefined): void {
  if (revision !== undefined && revision !== record.revision) throw mismatch(record)
}

export function mismatch(record: ModelRecord): RegistryError {
  const message = `expected the revision of ${modelId(record)} that is in force, got an earlier one: read it again and decide anew`
  return new RegistryError('REVISION_MISMATCH', message)
}

export function isChampion(id: string, wish: string): RegistryError {
  const message = `expected another model, got ${id}, the champion, which cannot ${wish}: promote another, or roll back, first`
  return new RegistryError('MODEL_IS_CHAMPION', message)
}

/** @throws {STAGE_FULL} if as many others of the task are in the stage as may be */
export function checkRoom(
  { task, stage, ...moved }: ModelRecord,
  models: readonly ModelRecord[]
): void {
  const most = TRIED_MAX[stage]
  if (most === undefined) return
  const others = models.filter(
    (other) => other.task === task && other.stage === stage && modelId(other) !== modelId(moved)
  )
  if (others.length < most) return
  const names = others.map(modelId).join(', ')
  const message = `expected at most ${most} ${stage} ${most === 1 ? 'model' : 'models'} of "${task}", got another beside ${names}: move that one first`
  throw new RegistryError('STAGE_FULL', message)
}
