/** Every figure that `npm run bench` knows: one line each. A figure is loaded only when it is asked for. */
import type { BenchFigure } from './figure.ts'

type Load = () => Promise<{ readonly figure: BenchFigure }>

export const FIGURES: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['log-lines', () => import('./figures/log-lines.ts')],
  ['log-to-verdict', () => import('./figures/log-to-verdict.ts')],
  ['blocklist-memory', () => import('./figures/blocklist-memory.ts')],
  ['blocklist-lookup', () => import('./figures/blocklist-lookup.ts')],
  ['idle-memory', () => import('./figures/idle-memory.ts')],
  ['kill-store', () => import('./figures/kill-store.ts')],
  ['event-validation', () => import('./figures/event-validation.ts')],
  ['catch-up', () => import('./figures/catch-up.ts')],
  ['alert-100-hostile', () => import('./figures/alert-100-hostile.ts')],
  ['flood', () => import('./figures/flood.ts')],
  ['partition', () => import('./figures/partition.ts')],
  ['alert-30', () => import('./figures/alert-30.ts')],
  ['gossip-cpu-20', () => import('./figures/gossip-cpu-20.ts')],
  ['forest-decision', () => import('./figures/forest-decision.ts')],
  ['train-forest', () => import('./figures/train-forest.ts')],
  ['train-boosting', () => import('./figures/train-boosting.ts')],
  ['tree-shap', () => import('./figures/tree-shap.ts')],
  ['http-batch', () => import('./figures/http-batch.ts')],
  ['oip-infer', () => import('./figures/oip-infer.ts')],
  ['rollback', () => import('./figures/rollback.ts')],
  ['training-impact', () => import('./figures/training-impact.ts')]
])
