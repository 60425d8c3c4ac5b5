/**
 * How a process is started so that it gets what nobody else wants: SCHED_IDLE (sched(7)) for the cores and the idle class
 * (ioprio_set(2)) for the disk, by util-linux. Where that is missing or forbidden, the lowest priority alone has to do, which the process
 * gives itself.
 */
import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PROBE_TIMEOUT_MS = 5_000

const PROGRAMS: readonly (readonly string[])[] = [
  ['/usr/bin/chrt', '--idle', '0'],
  ['/usr/bin/ionice', '-c', '3']
]

/** Words that stand before the program; none where it cannot be done. */
export async function idlePrefix(): Promise<readonly string[]> {
  const words: string[] = []
  for (const program of PROGRAMS) {
    const [path = '', ...options] = program
    const works = await access(path)
      .then(() => run(path, [...options, '/bin/true'], { timeout: PROBE_TIMEOUT_MS }))
      .then(
        () => true,
        () => false
      )
    if (works) words.push(...program)
  }
  return words
}
