/** What becomes of a model that comes with the program: it serves a node whose operator has not said otherwise. Pure. */
import { type ModelRecord, type ModelStage, type ModelStore, SYSTEM_ACTOR } from './model-record.ts'

type Named = Pick<ModelRecord, 'name' | 'version' | 'task'>

/** Events looked at; a choice that so many others followed was not the last word. */
const EVENTS_MAX = 1_000

/**
 * The first one becomes champion; so does a newer version of a champion that nobody but the program has chosen. Whatever an operator
 * has decided stays: the newer one then waits as a candidate.
 */
export function stageOfShipped(
  shipped: Named,
  store: Pick<ModelStore, 'findChampion' | 'events'>
): Extract<ModelStage, 'champion' | 'candidate'> {
  const champion = store.findChampion(shipped.task)
  if (champion === undefined) return 'champion'
  const isNewer =
    champion.origin === 'shipped' &&
    champion.name === shipped.name &&
    compareVersions(shipped.version, champion.version) > 0
  return isNewer && !hasOperatorSpoken(champion, store) ? 'champion' : 'candidate'
}

/** About who is champion, or about the champion: by promoting, going back, or setting other thresholds. */
function hasOperatorSpoken(
  { name, version, task }: ModelRecord,
  store: Pick<ModelStore, 'events'>
): boolean {
  return store.events(task, EVENTS_MAX).some((event) => {
    if (event.actor === SYSTEM_ACTOR) return false
    const isAboutSeat = event.action === 'promote' || event.action === 'rollback'
    return isAboutSeat || (event.name === name && event.version === version)
  })
}

/** By their numbers: 10 comes after 9, and 1.10 after 1.9. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
