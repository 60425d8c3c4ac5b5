/** Turns verdicts into decisions: precedence, never-block, the TTL ladder, what each actuator should hold. Pure but for the service, which takes its adapters as interfaces. */
export * from './decision.ts'
export { desiredEntries } from './desired-entries.ts'
export { GuardError, type GuardErrorCode } from './errors.ts'
export * from './guard-api.ts'
export {
  createGuardState,
  findApplied,
  type GuardInput,
  type GuardSettings,
  type GuardState,
  modeFor,
  prefixOfAddress,
  step,
  type Tick
} from './guard-core.ts'
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
export { isTooWide, NeverBlock, type NeverBlockOptions, type Protection } from './never-block.ts'
export * from './ports.ts'
