/**
 * What an actuator has put in place, in a small file of its own: the independent sweep ends entries by it when the daemon is dead
 * (DESIGN §8.2), and the actuator tells its entries from those of others by it. Written before anything is put in place.
 */
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { findPrefix, messageOf } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import type { ActuatorEntry } from './actuator.ts'
import { giveToFolderOwner, makeRecordFolder } from './record-folder.ts'
import { withLock } from './record-lock.ts'

const VERSION = 1

export interface HeldEntry extends ActuatorEntry {
  /** Somebody else had put the same in place before us: there is nothing of ours to take away. */
  readonly isForeign?: boolean
  /** Written down before it was put in place, and nobody has reported since that it was. */
  readonly isPending?: boolean
}

/** Flags as the file says them. */
const FOREIGN = 1
const PENDING = 2

export interface HeldReading {
  readonly entries: readonly HeldEntry[]
  /** Why the record says nothing although there was one: what we put in place is then known from the list's own marks only. */
  readonly damage: KeyserverError | undefined
}

function readEntry(value: unknown): HeldEntry {
  if (Array.isArray(value)) {
    const [prefix, action, untilMs, decisionId, flags = 0] = value as unknown[]
    if (
      typeof prefix === 'string' &&
      findPrefix(prefix)?.text === prefix &&
      (action === 'ban' || action === 'throttle') &&
      Number.isFinite(untilMs) &&
      typeof decisionId === 'string' &&
      typeof flags === 'number'
    ) {
      return {
        prefix,
        action,
        untilMs: untilMs as number,
        decisionId,
        ...((flags & FOREIGN) > 0 ? { isForeign: true } : {}),
        ...((flags & PENDING) > 0 ? { isPending: true } : {})
      }
    }
  }
  // An entry that is passed over would be left in place for ever.
  throw new Error('expected entries of prefix, action, end and decision, got something else')
}

function render(entries: readonly HeldEntry[]): string {
  const rows = entries.map(({ prefix, action, untilMs, decisionId, isForeign, isPending }) => {
    const flags = (isForeign === true ? FOREIGN : 0) | (isPending === true ? PENDING : 0)
    const row = [prefix, action, untilMs, decisionId]
    return flags === 0 ? row : [...row, flags]
  })
  return JSON.stringify({ version: VERSION, entries: rows })
}

function parse(text: string): HeldEntry[] {
  const { version, entries } = JSON.parse(text) as { version: unknown; entries: unknown }
  if (version !== VERSION) throw new Error(`expected version ${VERSION}, got ${String(version)}`)
  if (!Array.isArray(entries)) throw new Error('expected a list of entries')
  return entries.map(readEntry)
}

export class HeldRecord {
  readonly path: string
  #text: string | undefined

  constructor(path: string) {
    this.path = path
  }

  /** Runs `work` while no other process, and nothing else in this one, works by this record. @throws {RECORD_BUSY} */
  async exclusively<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return await withLock(`${this.path}.lock`, signal, work)
  }

  /** Empty if there is no record. @throws {RECORD_UNUSABLE} if it cannot be read, or is damaged */
  async read(): Promise<readonly HeldEntry[]> {
    this.#text = undefined
    try {
      const text = await readFile(this.path, 'utf8')
      const entries = parse(text)
      this.#text = text
      return entries
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw unusable(this.path, cause)
    }
  }

  /** Like `read`, but goes on without a record that is of no use: bans must end even then. */
  async readOrReport(): Promise<HeldReading> {
    try {
      return { entries: await this.read(), damage: undefined }
    } catch (error) {
      return { entries: [], damage: error as KeyserverError }
    }
  }

  /** Puts a damaged record where it is not in the way, so that a new one can be begun. */
  async setAside(): Promise<string> {
    const aside = `${this.path}.damaged`
    await rename(this.path, aside).catch(() => undefined)
    return aside
  }

  /** Writes nothing if the record says so already. @throws {RECORD_UNUSABLE} */
  async write(entries: readonly HeldEntry[]): Promise<void> {
    const text = render(entries)
    if (text === this.#text) return
    const temporary = `${this.path}.${randomBytes(4).toString('hex')}.tmp`
    try {
      await makeRecordFolder(dirname(this.path))
      const file = await open(temporary, 'wx', 0o600)
      try {
        await giveToFolderOwner(file, dirname(this.path))
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
      this.#text = text
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw unusable(this.path, cause)
    }
  }
}

function unusable(path: string, cause: unknown): KeyserverError {
  return new KeyserverError(
    'RECORD_UNUSABLE',
    `could not use ${path}, which says what netminder has put in place: ${messageOf(cause)}`,
    { context: { path }, cause }
  )
}
