/** The model store in memory: what the port promises, said as plainly as possible. */
import type { ModelEvent, ModelRecord, ModelStore } from '../../src/registry/index.ts'
import { StorageError } from '../../src/store/index.ts'

export class MemoryModelStore implements ModelStore {
  #models: readonly ModelRecord[] = []
  #events: readonly ModelEvent[] = []

  insert(model: Omit<ModelRecord, 'revision'>): void {
    if (this.find(model.name, model.version) !== undefined) throw refused()
    this.#checkChampion(model)
    this.#models = [{ ...model, revision: 1 }, ...this.#models]
  }

  update(model: ModelRecord): boolean {
    const stored = this.find(model.name, model.version)
    if (stored?.revision !== model.revision) return false
    this.#checkChampion(model)
    const { stage, thresholds, notes, updatedAtMs, succeededAtMs } = model
    const revision = model.revision + 1
    const next = { ...stored, stage, thresholds, notes, updatedAtMs, succeededAtMs, revision }
    this.#models = this.#models.map((other) => (other === stored ? next : other))
    return true
  }

  remove(model: Pick<ModelRecord, 'name' | 'version' | 'revision'>): boolean {
    const stored = this.find(model.name, model.version)
    if (stored?.revision !== model.revision) return false
    this.#models = this.#models.filter((other) => other !== stored)
    return true
  }

  find(name: string, version: string): ModelRecord | undefined {
    return this.#models.find((model) => model.name === name && model.version === version)
  }

  all(): readonly ModelRecord[] {
    return this.#models
  }

  findChampion(task: string): ModelRecord | undefined {
    return this.#models.find((model) => model.task === task && model.stage === 'champion')
  }

  findLastSucceeded(task: string): ModelRecord | undefined {
    return this.#models
      .filter((model) => model.task === task && model.stage !== 'champion')
      .filter(({ succeededAtMs }) => succeededAtMs !== undefined)
      .sort((a, b) => (b.succeededAtMs ?? 0) - (a.succeededAtMs ?? 0))[0]
  }

  append(event: ModelEvent): void {
    this.#events = [event, ...this.#events]
  }

  events(task: string, limit: number): readonly ModelEvent[] {
    return this.#events.filter((event) => event.task === task).slice(0, limit)
  }

  #checkChampion({ name, version, task, stage }: Omit<ModelRecord, 'revision'>): void {
    const champion = this.findChampion(task)
    const isOther = champion?.name !== name || champion.version !== version
    if (stage === 'champion' && champion !== undefined && isOther) throw refused()
  }
}

function refused(): StorageError {
  return new StorageError('ROW_REFUSED', 'expected a new and complete row')
}
