/** Turns verdicts into decisions: precedence, never-block, the TTL ladder, what each actuator should hold. Pure but for the service, which takes its adapters as interfaces. */
export * from './decision.ts'
export * from './guard-api.ts'
export * from './ports.ts'
