/** The process around a command line: streams, signals, the clock, the daemon. */
import { join } from 'node:path'
import process from 'node:process'
import { SystemClock } from './base/index.ts'
import { exitCodeAfter, ProcessIo, runCli } from './cli/index.ts'
import { checkActuators, initDataDir, startNode, sweepDataDir } from './daemon/index.ts'

/** One press of Ctrl-C may come twice: from the terminal, and from the older Node that handed over to this one. */
const SAME_SIGNAL_MS = 200

/** Runs one command and sets the exit code of the process; `exit` ends it at once. */
export async function run(argv: readonly string[], exit: (code: number) => never): Promise<void> {
  const clock = new SystemClock()
  const root = new AbortController()
  let isReaderGone = false
  let firstAtMs: number | undefined
  let isTerminated = false
  const onSignal = (signal: NodeJS.Signals) => {
    firstAtMs ??= clock.monotonicMs()
    if (!root.signal.aborted) {
      isTerminated = signal === 'SIGTERM'
      root.abort()
    } else if (clock.monotonicMs() - firstAtMs > SAME_SIGNAL_MS) exit(1)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const io = new ProcessIo(process, () => {
    isReaderGone = true
    root.abort()
  })
  const code = await runCli(argv, {
    io,
    daemon: {
      init: initDataDir,
      start: startNode,
      sweep: sweepDataDir,
      checkActuators
    },
    clock,
    signal: root.signal,
    executable: join(import.meta.dirname, '..', 'bin', 'netminder.js')
  })
  process.exitCode = exitCodeAfter(code, { isReaderGone, isTerminated })
}
