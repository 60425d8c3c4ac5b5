/**
 * Keeps the daemon and the independent sweep from changing the same actuator at the same time: a file that says which process is
 * at it. A lock whose process is gone, or that is older than any change can take, counts for nothing.
 */
import { open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SystemClock } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import { makeRecordFolder } from './record-folder.ts'

const WAIT_MS_MAX = 15_000
const POLL_MS = 20
/** An apply is cut off after a minute. */
const AGE_MS_MAX = 180_000

/** The kernel stamps files by the machine's own time, whatever clock the rest of the program has. */
const fileClock = new SystemClock()

/** Locks of this process: a file with our process number that is not among them was left by an earlier process of that number. */
const ours = new Set<string>()

/**
 * Runs `work` alone. Where no lock can be written at all (full or read-only disk), it runs without: what must end has to end.
 *
 * @throws {RECORD_BUSY} if another process stays at it
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>
): Promise<T> {
  const isHeld = await acquire(path, signal)
  try {
    return await work()
  } finally {
    if (isHeld) {
      ours.delete(path)
      await rm(path, { force: true })
    }
  }
}

async function acquire(path: string, signal: AbortSignal): Promise<boolean> {
  const endMs = performance.now() + WAIT_MS_MAX
  for (;;) {
    signal.throwIfAborted()
    const outcome = ours.has(path) ? 'taken' : await tryTake(path)
    if (outcome === 'held') return true
    if (outcome === 'impossible') return false
    if (outcome === 'stale') continue
    if (performance.now() > endMs) {
      throw new KeyserverError(
        'RECORD_BUSY',
        `expected ${path} to be free within ${WAIT_MS_MAX} ms; another process of netminder is changing this actuator`,
        { context: { path } }
      )
    }
    await sleep(POLL_MS, undefined, { signal })
  }
}

async function tryTake(path: string): Promise<'held' | 'taken' | 'stale' | 'impossible'> {
  ours.add(path)
  try {
    // Its own errors come again, as others, when the file is made.
    await makeRecordFolder(dirname(path)).catch(() => undefined)
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(`${process.pid}\n`).finally(() => file.close())
    return 'held'
  } catch (error) {
    ours.delete(path)
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return 'impossible'
  }
  if (!(await isStale(path))) return 'taken'
  await rm(path, { force: true })
  return 'stale'
}

async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path)
    const ageMs = fileClock.nowMs() - mtimeMs
    const pid = Number((await readFile(path, 'latin1')).trim())
    // Between its making and the writing of the number the file is empty.
    if (!Number.isInteger(pid) || pid <= 0) return ageMs > 1_000
    return ageMs > AGE_MS_MAX || pid === process.pid || !isAlive(pid)
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
