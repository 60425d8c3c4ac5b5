/** What a replay has learned, kept in a directory of its own so that the next log goes on from there; one file for each policy. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, messageOf, NetminderError } from '../../base/index.ts'
import { isKernelPath } from '../../config/index.ts'
import type { ReplayRun } from '../../defense/index.ts'
import type { PolicyName } from '../../detection/index.ts'
import { CheckpointFile } from '../../store/index.ts'
import { CliError } from '../errors.ts'

const STATE_VERSION = 'replay-1'

export class ReplayState {
  readonly #file: CheckpointFile<null, unknown>
  readonly #path: string
  readonly #clock: Clock

  private constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
    this.#file = new CheckpointFile({ path, stateVersion: STATE_VERSION })
  }

  /** @throws {CLI_CANNOT_CREATE} */
  static async open(directory: string, policy: PolicyName, clock: Clock): Promise<ReplayState> {
    if (isKernelPath(directory)) {
      throw new CliError(
        'CLI_CANNOT_CREATE',
        `expected a directory in which files can be made, got ${directory}`
      )
    }
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw new CliError('CLI_CANNOT_CREATE', `could not make ${directory}: ${messageOf(cause)}`, {
        cause
      })
    }
    return new ReplayState(join(directory, `replay-${policy}.checkpoint`), clock)
  }

  /** @returns whether there was anything to go on from. @throws {CLI_INPUT_INVALID} if it cannot be used; it is kept aside */
  async loadInto(run: ReplayRun): Promise<boolean> {
    const saved = await this.#file.load(this.#clock.nowMs())
    if (saved.kind === 'absent') return false
    if (saved.kind !== 'whole') {
      throw new CliError(
        'CLI_INPUT_INVALID',
        `${this.#path} cannot be used (${saved.detail}); it is kept as ${saved.setAside}, and the next replay starts afresh`
      )
    }
    try {
      run.restore(saved.state)
    } catch (cause) {
      if (!(cause instanceof NetminderError)) throw cause
      throw new CliError('CLI_INPUT_INVALID', `${this.#path} cannot be used: ${cause.message}`, {
        cause
      })
    }
    return true
  }

  async save(run: ReplayRun): Promise<void> {
    const state = run.snapshot()
    await this.#file.save({ savedAtMs: this.#clock.nowMs(), positions: null, state })
  }
}
