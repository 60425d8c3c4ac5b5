/**
 * What is said of a prefix, put together from the words of all who spoke of it. Knows nothing of where they are kept. Only what is
 * needed for the order is worked out for all of them; the rest for the page that was asked for.
 */
import type { PrefixText } from '../base/index.ts'
import type { Threat } from './network-api.ts'

/** What one author said in one event. */
export interface Word {
  readonly network: string
  readonly author: string
  readonly isOwn: boolean
  readonly seq: bigint
  readonly endsAtMs: number
  readonly stance: 'block' | 'retract' | 'benign'
  readonly category: number
  readonly severity: number
}

interface Said {
  readonly word: Word
  readonly span: { readonly firstMs: number; readonly lastMs: number }
}

export type FoundThreats = Map<PrefixText, Said[]>

export function noteThreat(found: FoundThreats, prefix: PrefixText, said: Said): void {
  const known = found.get(prefix)
  if (known === undefined) found.set(prefix, [said])
  else known.push(said)
}

interface RankedThreat {
  readonly prefix: PrefixText
  readonly accusers: number
  readonly said: readonly Said[]
}

/** By how many accuse, most first. */
export function rankThreats(found: FoundThreats, accusersMin: number): readonly RankedThreat[] {
  const ranked: RankedThreat[] = []
  for (const [prefix, said] of found) {
    const accusers = countAccusers(said)
    if (accusers !== undefined && accusers >= accusersMin) ranked.push({ prefix, accusers, said })
  }
  return ranked.sort((a, b) => b.accusers - a.accusers || (a.prefix < b.prefix ? -1 : 1))
}

/** Undefined: nothing stands. */
function countAccusers(said: readonly Said[]): number | undefined {
  const [only] = said
  if (said.length === 1 && only !== undefined) {
    const { stance, isOwn } = only.word
    if (stance === 'retract') return undefined
    return stance === 'block' && !isOwn ? 1 : 0
  }
  const last = [...byAuthor(said).values()].flatMap((words) => lastOf(words) ?? [])
  const standing = last.filter(({ word }) => word.stance !== 'retract')
  if (standing.length === 0) return undefined
  return authorsOf(standing, 'block').length
}

export function threatOf({ prefix, said }: RankedThreat): Threat {
  const standing = [...byAuthor(said).values()].map(standingOf)
  const all = standing.flat()
  const last = standing.flatMap((words) => words.at(-1) ?? [])
  const own = last.filter(({ word }) => word.isOwn).at(-1)?.word.stance
  return {
    prefix,
    accusers: authorsOf(last, 'block'),
    defenders: authorsOf(last, 'benign'),
    categories: [...new Set(all.map(({ word }) => word.category))].sort((a, b) => a - b),
    severityMax: most(all, ({ word }) => word.severity),
    firstMs: -most(all, ({ span }) => -span.firstMs),
    lastMs: most(all, ({ span }) => span.lastMs),
    endsAtMs: most(all, ({ word }) => word.endsAtMs),
    ownVerdict: own === 'retract' ? undefined : own
  }
}

/** One who speaks in two networks is one in each. */
function byAuthor(said: readonly Said[]): ReadonlyMap<string, readonly Said[]> {
  const words = new Map<string, Said[]>()
  for (const one of said) {
    const key = `${one.word.network}${one.word.author}`
    const known = words.get(key)
    if (known === undefined) words.set(key, [one])
    else known.push(one)
  }
  return words
}

function lastOf(words: readonly Said[]): Said | undefined {
  let last = words[0]
  for (const one of words) if (last === undefined || one.word.seq >= last.word.seq) last = one
  return last
}

/** The later word of an author takes the place of the earlier one, by his own numbers; a retract ends all that he said before. */
function standingOf(said: readonly Said[]): readonly Said[] {
  const words = said.toSorted((a, b) => Number(a.word.seq - b.word.seq))
  const end = words.findLastIndex(({ word }) => word.stance === 'retract')
  return words.slice(end + 1)
}

/** Each once, this node not among them. */
function authorsOf(said: readonly Said[], stance: Word['stance']): readonly string[] {
  const authors = said.flatMap(({ word }) =>
    !word.isOwn && word.stance === stance ? [word.author] : []
  )
  return [...new Set(authors)]
}

/** `Math.max` takes its numbers as arguments, and there is an end to these. */
function most(said: readonly Said[], read: (said: Said) => number): number {
  return said.reduce((highest, one) => Math.max(highest, read(one)), Number.NEGATIVE_INFINITY)
}
