/** Composition root: the only room that says `new` to adapters. Holds no rules of its own. */
export {
  checkActuators,
  type InitOptions,
  type InitReport,
  initDataDir,
  type StartOptions,
  startNode,
  sweepDataDir
} from './daemon.ts'
export { collectMetrics } from './metric-declarations.ts'
export { createNetwork } from './network.ts'
export { openRepositories } from './repositories.ts'
