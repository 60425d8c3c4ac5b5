/**
 * What is said of a prefix, put together from the words of all who spoke of it. Knows nothing of where they are kept. Only what is
 * needed for the order is worked out for all of them; the rest for the page that was asked for.
 */
import type { PrefixText } from '../base/index.ts'
import type { ListedPrefix, Threat } from './network-api.ts'

/** What one author said in one event. */
export interface Word {
  readonly network: string
  readonly author: string
  readonly isOwn: boolean
  readonly seq: bigint
  readonly endsAtMs: number
  /** `listed`: by a list that the author publishes, whatever else he says. */
  readonly stance: 'block' | 'retract' | 'benign' | 'listed'
  /** 0: not told. */
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

export function noteListed(found: FoundThreats, entry: ListedPrefix): void {
  const { network, author, isOwn, prefix, sinceMs, endsAtMs } = entry
  const word = { network, author, isOwn, seq: 0n, endsAtMs, stance: 'listed' } as const
  const span = { firstMs: sinceMs, lastMs: sinceMs }
  noteThreat(found, prefix, { word: { ...word, category: 0, severity: 0 }, span })
}

interface RankedThreat {
  readonly prefix: PrefixText
  readonly accusers: number
  readonly said: readonly Said[]
}

/** By how many accuse or list it, most first. */
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
    return (stance === 'block' || stance === 'listed') && !isOwn ? 1 : 0
  }
  const last = [...byAuthor(said).values()].flatMap((words) => lastOf(words) ?? [])
  const standing = last.filter(({ word }) => word.stance !== 'retract')
  if (standing.length === 0) return undefined
  return new Set([...authorsOf(standing, 'block'), ...authorsOf(standing, 'listed')]).size
}

export function threatOf({ prefix, said }: RankedThreat): Threat {
  const standing = [...byAuthor(said).values()].map(standingOf)
  const all = standing.flat()
  const last = standing.flatMap((words) => words.at(-1) ?? [])
  const own = last.flatMap(({ word }) => (word.isOwn ? [word.stance] : [])).findLast(isVerdict)
  return {
    prefix,
    accusers: authorsOf(last, 'block'),
    defenders: authorsOf(last, 'benign'),
    listedBy: authorsOf(last, 'listed'),
    categories: [...new Set(all.map(({ word }) => word.category))]
      .filter((category) => category > 0)
      .sort((a, b) => a - b),
    severityMax: most(all, ({ word }) => word.severity),
    firstMs: -most(all, ({ span }) => -span.firstMs),
    lastMs: most(all, ({ span }) => span.lastMs),
    endsAtMs: most(all, ({ word }) => word.endsAtMs),
    ownVerdict: own
  }
}

function isVerdict(stance: Word['stance']): stance is 'block' | 'benign' {
  return stance === 'block' || stance === 'benign'
}

/** One who speaks in two networks is one in each; a list is a word of its own. */
function byAuthor(said: readonly Said[]): ReadonlyMap<string, readonly Said[]> {
  const words = new Map<string, Said[]>()
  for (const one of said) {
    const { network, author, stance } = one.word
    const key = `${network}${author}${stance === 'listed' ? ' listed' : ''}`
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
