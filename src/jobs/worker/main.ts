/**
 * The process that trains: one job, in a folder of its own, at the lowest priority. Tells what it does on standard output, and ends when
 * the node that started it does. It may be killed at any moment.
 *
 *   node main.js FOLDER PID-OF-THE-NODE
 */
import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { messageOf, NetminderError, SystemClock } from '../../base/index.ts'
import { CpuBudget } from './cpu-budget.ts'
import { HashedFiles } from './hashed-files.ts'
import { KeptParts } from './kept-parts.ts'
import { runWork } from './run-work.ts'
import { say } from './work-report.ts'
import { readSpec, WORK_FILE } from './work-spec.ts'

const PARENT_CHECK_MS = 500
/** Progress is told so much finer than a person sees it. */
const SHARE_STEP = 0.002
const EXIT_FAILED = 65

const [dir = '', parent = ''] = process.argv.slice(2)
const clock = new SystemClock()
const stopped = new AbortController()

/** Nobody is left to tell: not even cleaning up is worth the time. */
function endWithParent(): void {
  if (process.ppid !== Number(parent)) process.kill(process.pid, 'SIGKILL')
}

function giveWay(): void {
  setPriority(constants.priority.PRIORITY_LOW)
  try {
    // Where memory runs out, the kernel takes this process and not the node.
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Another system than Linux.
  }
}

async function work(): Promise<void> {
  const spec = readSpec(dir)
  if (spec.givesWay) giveWay()
  const budget = new CpuBudget(spec.cores, {
    cpuMs: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  })
  const files = new HashedFiles(dir, spec.diskBytesMax)
  const onNote = (text: string) => say({ type: 'note', text })
  let told = { step: '', share: -1 }
  const report = await runWork(spec, {
    ...{ files, onNote, signal: stopped.signal, dir },
    parts: new KeptParts(spec.checkpointIntervalMs, {
      ...{ files, onNote, monotonicMs: () => clock.monotonicMs() },
      onCheckpoint: () => say({ type: 'checkpoint' })
    }),
    onProgress: (step, share) => {
      endWithParent()
      if (step !== told.step || share - told.share >= SHARE_STEP) {
        told = { step, share }
        say({ type: 'progress', step, share })
      }
      budget.pause()
    }
  })
  say({ type: 'done', report })
}

writeFileSync(join(dir, WORK_FILE.pid), String(process.pid))
clock.every(PARENT_CHECK_MS, endWithParent, stopped.signal)
try {
  await work()
} catch (error) {
  const isMemory = error instanceof RangeError && /allocation|Invalid array/i.test(error.message)
  const code =
    error instanceof NetminderError ? error.code : isMemory ? 'MEMORY_EXCEEDED' : 'INTERNAL'
  say({ type: 'failed', code, message: messageOf(error) })
  if (code === 'INTERNAL') process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`)
  process.exitCode = EXIT_FAILED
} finally {
  stopped.abort()
}
