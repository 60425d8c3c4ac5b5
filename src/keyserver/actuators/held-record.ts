/**
 * What an actuator has put in place, in a small file of its own: the independent sweep ends entries by it when the daemon is dead
 * (DESIGN §8.2), and the actuator tells its entries from those of others by it. Written before anything is put in place.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { findPrefix, messageOf } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import type { ActuatorEntry } from './actuator.ts'

const VERSION = 1

function readEntry(value: unknown): ActuatorEntry | undefined {
  if (!Array.isArray(value)) return undefined
  const [prefix, action, untilMs, decisionId] = value as unknown[]
  if (typeof prefix !== 'string' || findPrefix(prefix)?.text !== prefix) return undefined
  if (action !== 'ban' && action !== 'throttle') return undefined
  if (typeof untilMs !== 'number' || typeof decisionId !== 'string') return undefined
  return { prefix, action, untilMs, decisionId }
}

export class HeldRecord {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Empty if there is no record. @throws {RECORD_UNUSABLE} if it is damaged: then nothing is known to be ours */
  async read(): Promise<readonly ActuatorEntry[]> {
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw unusable(this.path, cause)
    }
    try {
      const { version, entries } = JSON.parse(text) as { version: number; entries: unknown[] }
      if (version !== VERSION) throw new Error(`expected version ${VERSION}, got ${version}`)
      return entries.map(readEntry).filter((entry) => entry !== undefined)
    } catch (cause) {
      throw unusable(this.path, cause)
    }
  }

  /** @throws {RECORD_UNUSABLE} */
  async write(entries: readonly ActuatorEntry[]): Promise<void> {
    const rows = entries.map(({ prefix, action, untilMs, decisionId }) => [
      prefix,
      action,
      untilMs,
      decisionId
    ])
    const temporary = `${this.path}.${randomBytes(4).toString('hex')}.tmp`
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(JSON.stringify({ version: VERSION, entries: rows }))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
    } catch (cause) {
      await rm(temporary, { force: true })
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
