/**
 * What the node keeps: one SQLite database and a few files in the data directory. Decides how it is opened, mended and brought
 * up to date, and that nothing acknowledged is lost. Knows neither what a decision means nor who may read it.
 */
export { replaceFileSync } from './atomic-file.ts'
export type { AuditFault, AuditVerification } from './audit-check.ts'
export {
  type AuditFilter,
  type AuditInput,
  AuditRepository,
  type AuditRepositoryOptions
} from './audit-repository.ts'
export type { AuditRecord } from './audit-row.ts'
export { type AuthorRecord, AuthorRepository, type RevocationRecord } from './author-repository.ts'
export {
  type Checkpoint,
  CheckpointFile,
  type CheckpointFileOptions,
  type CheckpointReading
} from './checkpoint-file.ts'
export type { Connection } from './connection.ts'
export type { StorePage } from './cursor.ts'
export { type StorePaths, storePaths } from './data-directory.ts'
export type { DecisionFilter, DecisionRecord } from './decision-record.ts'
export { DecisionRepository } from './decision-repository.ts'
export { StorageError, type StorageErrorCode } from './errors.ts'
export { type ArrivedEvent, EventRepository, type LiveQuery } from './event-repository.ts'
export type {
  EquivocationRecord,
  EventPlace,
  EventRecord,
  EventVia,
  SpentNumber
} from './event-row.ts'
export { type EvidenceRecord, EvidenceRepository } from './evidence-repository.ts'
export {
  type FeatureRecord,
  FeatureRepository,
  type FeatureTotals,
  type StoredFeatureRecord
} from './feature-repository.ts'
export { type LabelRecord, LabelRepository } from './label-repository.ts'
export { type ListEntryRecord, type ListName, ListRepository } from './list-repository.ts'
export { holdsLock } from './lock-holder.ts'
export { type ModeRecord, ModeRepository } from './mode-repository.ts'
export {
  type ModelEventRow,
  ModelRepository,
  type ModelRow,
  type ModelStageName
} from './model-repository.ts'
export { type NetworkRecord, NetworkRepository } from './network-repository.ts'
export {
  type OpenDatabaseOptions,
  type OpenedDatabase,
  openDatabase,
  openDatabaseForReading
} from './open.ts'
export { OwnSequence, type OwnSequenceOptions } from './own-sequence.ts'
export { type PeerValue, PeerValueRepository } from './peer-value-repository.ts'
export { type PublishedListRecord, PublishedListRepository } from './published-list-repository.ts'
export { readOrCreateSecret, readSecret } from './secret-file.ts'
export type { SuppressionRecord } from './suppression-ring.ts'
export {
  generateTokenText,
  type NewToken,
  type TokenCheck,
  type TokenRecord,
  TokenRepository,
  type TokenScope
} from './token-repository.ts'
export { type ToldRecord, ToldRepository, type ToldState } from './told-repository.ts'
export {
  TrainingJobRepository,
  type TrainingJobRow,
  type TrainingJobState
} from './training-job-repository.ts'
