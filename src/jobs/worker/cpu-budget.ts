/**
 * Holds a training to its share of the machine: between two trees it sleeps for as long as it has had more than that. Priorities
 * alone do not do it: where keyserver and node run in control groups of their own, the kernel shares the cores among the groups.
 */
export interface CpuMeter {
  /** Processor time of the whole process, threads included. */
  cpuMs(): number
  monotonicMs(): number
  sleep(durationMs: number): void
}

/** What was not used for so long is not saved up. */
const WINDOW_MS = 10_000
/** Nobody waits longer for a training to notice that it should end. */
const SLEEP_MS_MAX = 2_000

export class CpuBudget {
  readonly #cores: number
  readonly #meter: CpuMeter
  #fromMs: number
  #fromCpuMs: number

  /** @param cores how many it may keep busy, on average */
  constructor(cores: number, meter: CpuMeter) {
    this.#cores = cores
    this.#meter = meter
    this.#fromMs = meter.monotonicMs()
    this.#fromCpuMs = meter.cpuMs()
  }

  /** Called often; sleeps if there is reason to. */
  pause(): void {
    const owedMs = (this.#meter.cpuMs() - this.#fromCpuMs) / this.#cores
    const passedMs = this.#meter.monotonicMs() - this.#fromMs
    if (owedMs > passedMs) {
      this.#meter.sleep(Math.min(SLEEP_MS_MAX, owedMs - passedMs))
      return
    }
    if (passedMs < WINDOW_MS) return
    this.#fromMs = this.#meter.monotonicMs()
    this.#fromCpuMs = this.#meter.cpuMs()
  }
}
