/** Background work that its owner can wait for: `stop()` of a component awaits `drained()`, so no promise floats. */
export class TaskGroup {
  readonly #running = new Set<Promise<void>>()
  readonly #onFailure: (error: unknown) => void

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure
  }

  get size(): number {
    return this.#running.size
  }

  run(work: () => Promise<void>): void {
    const task: Promise<void> = work()
      .catch(this.#onFailure)
      .finally(() => {
        this.#running.delete(task)
      })
    this.#running.add(task)
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
