/** The parts of a training that are done, kept by name: a training that was killed finds them again and does only the rest. */
import type { PartStore } from '../../training/index.ts'
import type { HashedFiles } from './hashed-files.ts'

export interface KeptPartsPorts {
  readonly files: Pick<HashedFiles, 'read' | 'write' | 'remove' | 'removeAll'>
  readonly monotonicMs: () => number
  readonly onCheckpoint: () => void
  readonly onNote: (text: string) => void
}

export class KeptParts implements PartStore {
  readonly #intervalMs: number
  readonly #ports: KeptPartsPorts
  #keptAtMs: number
  #isFullSaid = false

  /** @param intervalMs between two looks at a part that is not done yet */
  constructor(intervalMs: number, ports: KeptPartsPorts) {
    this.#intervalMs = intervalMs
    this.#ports = ports
    this.#keptAtMs = ports.monotonicMs()
  }

  isDue(): boolean {
    return this.#ports.monotonicMs() - this.#keptAtMs >= this.#intervalMs
  }

  find(part: string): Promise<Uint8Array | undefined> {
    const found = this.#ports.files.read(nameOf(part))
    if (found.kind === 'whole') return Promise.resolve(found.bytes)
    if (found.kind === 'damaged') {
      this.#ports.onNote(`the checkpoint of "${part}" was damaged: that part starts anew`)
    }
    return Promise.resolve(undefined)
  }

  keep(part: string, bytes: Uint8Array): Promise<void> {
    const isKept = this.#ports.files.write(nameOf(part), bytes)
    this.#keptAtMs = this.#ports.monotonicMs()
    if (isKept) this.#ports.onCheckpoint()
    else if (!this.#isFullSaid) {
      this.#isFullSaid = true
      this.#ports.onNote('no room for further checkpoints: after a crash parts are done again')
    }
    return Promise.resolve()
  }

  drop(part: string): Promise<void> {
    this.#ports.files.remove(nameOf(part))
    return Promise.resolve()
  }

  clear(): Promise<void> {
    this.#ports.files.removeAll(PREFIX)
    return Promise.resolve()
  }
}

const PREFIX = 'part-'

function nameOf(part: string): string {
  return `${PREFIX}${part.replaceAll(/[^\w-]/g, '_')}`
}
