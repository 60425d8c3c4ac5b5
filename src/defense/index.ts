/** Turns verdicts into decisions: precedence, never-block, the TTL ladder, what each actuator should hold. Pure but for the service, which takes its adapters as interfaces. */
export { BlocklistIndex, type IndexEntry } from './blocklist-index.ts'
export * from './decision.ts'
export { CREATION_ACTION } from './decision-journal.ts'
export { modeFor } from './decision-maker.ts'
export {
  type CreationEntry,
  DecisionReplay,
  type DecisionReplayPorts,
  REPLAY_BINDINGS,
  REPLAY_OUTCOMES,
  type ReplayedDecision
} from './decision-replay.ts'
export { desiredEntries } from './desired-entries.ts'
export type { EachTold } from './each-network.ts'
export type { GuardErrorCode } from './errors.ts'
export * from './guard-api.ts'
export type { Tick } from './guard-clock.ts'
export { findApplied, type GuardInput, step } from './guard-core.ts'
export { GuardService } from './guard-service.ts'
export type {
  ActuatorPort,
  DescribingPolicy,
  GuardLogger,
  GuardMetrics,
  GuardServiceOptions,
  GuardServicePorts,
  ProtectedFactsPort
} from './guard-service-ports.ts'
export type { GuardSettings } from './guard-settings.ts'
export { createGuardState, type GuardState } from './guard-state.ts'
export type { EntryRefusal, ListImport } from './list-editor.ts'
export {
  ListPublisher,
  type ListPublisherPorts,
  type PublishedList,
  type PublishedListRecord,
  type PublishedListStore
} from './list-publisher.ts'
export {
  NetworkDesk,
  type NetworkDeskPorts,
  type NetworksApi,
  type NewAlert
} from './network-desk.ts'
export { isTooWide, NeverBlock, type NeverBlockOptions, type Protection } from './never-block.ts'
export * from './ports.ts'
export {
  type AbuseClassResult,
  type EvaluatedRun,
  type Evaluation,
  evaluate,
  type HarmlessClassResult
} from './replay/evaluate.ts'
export { ReplayRun, type ReplayRunOptions } from './replay/replay-run.ts'
export type { SourceRecord } from './replay/source-record.ts'
export { TRUTH_LABELS, type TruthRow } from './replay/truth.ts'
export {
  ShareService,
  type ShareServiceOptions,
  type ShareServicePorts,
  type SharingStatus
} from './share-service.ts'
export {
  composeAlerts,
  composeRetractions,
  composeVotes,
  SHARE_REFUSALS,
  type SharedDecision,
  type ShareFacts,
  type SharePolicy,
  type ShareRefusal,
  shareDecision
} from './sharing.ts'
export type { SharedFacts, ToldIndicator, ToldStore } from './taking-back.ts'
export type { SharingMetrics } from './teller.ts'
