/** Changes of the mode: what stood before is kept, so that one step brings it back. */
import type { Category } from '../detection/index.ts'
import type { Mode } from './decision.ts'
import { GuardError } from './errors.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'
import type { Actor, ModeSettings } from './ports.ts'

export class ModeEditor {
  readonly #ports: Pick<GuardServicePorts, 'mode' | 'audit' | 'unitOfWork'>

  constructor(ports: Pick<GuardServicePorts, 'mode' | 'audit' | 'unitOfWork'>) {
    this.#ports = ports
  }

  /** Without a category the change holds for all of them. What stands follows at once (`followMode`). */
  set(
    change: { readonly mode: Mode; readonly category: Category | undefined },
    actor: Actor,
    reason: string
  ): ModeSettings {
    const { previous: _previous, ...before } = this.#ports.mode.get()
    const settings: ModeSettings =
      change.category === undefined
        ? { overall: change.mode, byCategory: {}, previous: before }
        : {
            overall: before.overall,
            byCategory: { ...before.byCategory, [change.category]: change.mode },
            previous: before
          }
    this.#write(settings, { actor, reason, action: 'mode.set', before })
    return settings
  }

  /** @throws {NOTHING_TO_UNDO} */
  undo(actor: Actor): ModeSettings {
    const { previous, ...before } = this.#ports.mode.get()
    if (previous === undefined) {
      throw new GuardError('NOTHING_TO_UNDO', 'the mode was never changed, or was undone already')
    }
    const settings: ModeSettings = { ...previous, previous: undefined }
    this.#write(settings, { actor, reason: 'undo', action: 'mode.undo', before })
    return settings
  }

  #write(
    settings: ModeSettings,
    audit: {
      readonly actor: Actor
      readonly reason: string
      readonly action: string
      readonly before: unknown
    }
  ): void {
    this.#ports.unitOfWork.run(() => {
      this.#ports.mode.set(settings)
      const after = { overall: settings.overall, byCategory: settings.byCategory }
      this.#ports.audit.append({ ...audit, target: 'mode', after })
    })
  }
}
