/** Commands: what a person types and what he is shown. Asks the running node over its API; starts programs of the daemon through a port. */
export type { CliContext, DaemonPort } from './context.ts'
export { type ExitCode, exitCodeAfter } from './exit-codes.ts'
export { ProcessIo } from './io.ts'
export { renderCliReference } from './reference.ts'
export { createReplayRun, loadBehaviourModel, runReplay } from './replay/run-replay.ts'
export { findShippedModel } from './replay/shipped-model.ts'
export { runCli } from './run.ts'
