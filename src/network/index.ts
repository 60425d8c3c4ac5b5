/**
 * Nodes of different operators, without a server between them: who may speak, what is taken as said, and how two nodes find out
 * what they lack of each other's. Decides what is accepted and what it costs a peer; knows neither SQL nor what an alert leads to.
 */
export { SyncError, type SyncErrorCode } from './errors.ts'
export {
  EventIntake,
  type IntakeListener,
  type IntakeOptions,
  type IntakePorts
} from './events/event-intake.ts'
export type { EventOrigin } from './events/first-look.ts'
export { createNodeVerifier } from './events/node-verifier.ts'
export type { QuotaLevel } from './events/quota.ts'
export type { Refusal, Verdict, VerdictReason } from './events/verdict.ts'
export type { Lane } from './events/verify-queue.ts'
export type { DenyReason } from './host/connection-gater.ts'
export type { HostOptions } from './host/host.ts'
export type { KeyFile } from './host/identity.ts'
export type { NetworkLog } from './host/log.ts'
export type * from './network-api.ts'
export { NetworkNode, type NetworkNodeOptions, type NetworkNodePorts } from './network-node.ts'
export type * from './ports.ts'
export { LiveSet } from './sync/live-set.ts'
export { type KindDifference, SyncInitiator, SyncResponder } from './sync/sync-session.ts'
