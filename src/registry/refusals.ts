/** What the registry says no to, in words. */
import { RegistryError } from './errors.ts'
import { type ModelRecord, modelId } from './model-record.ts'

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
