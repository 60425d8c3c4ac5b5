/** Time as a value: everything that waits or reads the time takes a `Clock`, so that tests and replay bring their own. */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. */
  nowMs(): number
  /** Never goes back; milliseconds from an arbitrary start. For measuring durations. */
  monotonicMs(): number
  /** Resolves after `durationMs`; rejects with `signal.reason` when aborted. Does not keep the process alive. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
  /** Calls `work` every `periodMs` until the signal aborts. A run that is still going when the next is due is not doubled. */
  every(periodMs: number, work: () => void | Promise<void>, signal: AbortSignal): void
}

export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, durationMs)
      timer.unref()
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  every(periodMs: number, work: () => void | Promise<void>, signal: AbortSignal): void {
    if (signal.aborted) return
    let isRunning = false
    const timer = setInterval(() => {
      if (isRunning) return
      const result = work()
      if (result === undefined) return
      isRunning = true
      void result.finally(() => {
        isRunning = false
      })
    }, periodMs)
    timer.unref()
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }
}

/** A clock that moves only when told to. `advance` runs the timers that fall due, in order. */
export class ManualClock implements Clock {
  #nowMs: number
  #timers: { atMs: number; periodMs: number; run: () => void }[] = []

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const timer = { atMs: this.#nowMs + durationMs, periodMs: 0, run: resolve }
      this.#timers.push(timer)
      signal?.addEventListener(
        'abort',
        () => {
          this.#timers = this.#timers.filter((other) => other !== timer)
          reject(signal.reason)
        },
        { once: true }
      )
    })
  }

  every(periodMs: number, work: () => void | Promise<void>, signal: AbortSignal): void {
    if (signal.aborted) return
    const timer = { atMs: this.#nowMs + periodMs, periodMs, run: () => void work() }
    this.#timers.push(timer)
    signal.addEventListener(
      'abort',
      () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
      { once: true }
    )
  }

  /** Moves time forward and lets every promise that became ready settle. */
  async advance(durationMs: number): Promise<void> {
    const targetMs = this.#nowMs + durationMs
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= targetMs)
        .sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      if (due.periodMs > 0) due.atMs += due.periodMs
      else this.#timers = this.#timers.filter((other) => other !== due)
      due.run()
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.#nowMs = targetMs
    await new Promise<void>((resolve) => setImmediate(resolve))
  }

  /** Sets the wall time, as an administrator or NTP would: timers do not run. */
  jumpTo(nowMs: number): void {
    this.#nowMs = nowMs
  }
}
