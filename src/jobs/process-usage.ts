/** What a process takes of the machine, threads included: proc(5). */
import { readFile } from 'node:fs/promises'

export interface ProcessUsage {
  readonly memoryBytes: number
  readonly cpuSeconds: number
}

/** Ticks of a second in /proc, on every architecture of Linux that Node runs on. */
const TICKS = 100

/** Undefined where there is no /proc, or the process has ended. */
export async function readUsage(pid: number): Promise<ProcessUsage | undefined> {
  try {
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'latin1'),
      readFile(`/proc/${pid}/stat`, 'latin1')
    ])
    const memory = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
    // After the name, which may hold blanks and brackets: state is the third field, user and system time the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    if (memory === undefined || !Number.isFinite(ticks)) return undefined
    return { memoryBytes: Number(memory) * 1_024, cpuSeconds: ticks / TICKS }
  } catch {
    return undefined
  }
}
