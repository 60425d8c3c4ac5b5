/** A node of the demo: the same program as ever, started as a process of its own. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { ApiClient, findApi } from '../../api/index.ts'
import type { Clock } from '../../base/index.ts'
import { dataPaths } from '../../config/index.ts'
import { holdsLock, storePaths } from '../../store/index.ts'
import { CliError } from '../errors.ts'
import { ChildProgram } from './child-program.ts'
import type { NodePlace } from './sandbox.ts'

const START_TIMEOUT_MS = 30_000
const POLL_MS = 100
/** Where the recorded clients live. */
const RECORDED_PREFIX = '127.0.0.0/8'

export class DemoNode {
  readonly #place: NodePlace
  readonly #program: ChildProgram

  constructor(executable: string, place: NodePlace) {
    this.#place = place
    const { name, dataDir, nodeLog } = place
    const args = [executable, 'start', '--data-dir', dataDir]
    this.#program = new ChildProgram({
      name,
      program: process.execPath,
      args: [...args, '--treat-as-public', RECORDED_PREFIX],
      cwd: dataDir,
      logFile: nodeLog
    })
  }

  /** Waits until it answers. @throws {CLI_PROGRAM_FAILED} */
  async ready(clock: Clock, signal: AbortSignal): Promise<ApiClient> {
    const { name, dataDir } = this.#place
    const paths = dataPaths(dataDir)
    const endMs = clock.monotonicMs() + START_TIMEOUT_MS
    while (!existsSync(paths.apiAddress)) {
      this.#program.requireRunning()
      if (clock.monotonicMs() > endMs) {
        throw new CliError('CLI_PROGRAM_FAILED', `expected ${name} to start within 30 s`)
      }
      await clock.sleep(POLL_MS, signal)
    }
    const places = {
      addressFile: paths.apiAddress,
      tokenFile: paths.adminToken,
      isNode: (pid: number) => holdsLock(storePaths(dataDir).lock, pid)
    }
    return new ApiClient(findApi({ ...places, host: '127.0.0.1', port: 0, socketPath: '' }))
  }

  requireRunning(): void {
    this.#program.requireRunning()
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }
}
