/** Which rows a validation keeps together, by name. */
import type { Words } from '../table/word-column.ts'

/** @param twins for each row the first with the same features: they are kept together where nobody gave groups */
export function groupNames(groups: Words | undefined, twins: Int32Array): readonly string[] {
  return groups === undefined
    ? Array.from(twins, String)
    : Array.from(groups.codes, (code) => groups.names[code] ?? '')
}
