/** What lets models judge again by what was kept: the store's decisions, its audit, and packages opened anew. */
import { CREATION_ACTION, DecisionReplay } from '../defense/index.ts'
import type { KeptPackages } from '../registry/index.ts'
import type { Repositories } from './repositories.ts'

export function createReplay(
  { decisions, evidence, audit }: Pick<Repositories, 'decisions' | 'evidence' | 'audit'>,
  models: KeptPackages
): DecisionReplay {
  const findCreation = (id: string) => audit.findFirst(id, CREATION_ACTION)
  return new DecisionReplay({ decisions, evidence, findCreation, models })
}
