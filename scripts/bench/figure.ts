/** One measurement that `npm run bench` can run, and the line that it prints for each of its figures. */
export interface FigureLine {
  /** `name` or `name.part`. */
  readonly figure: string
  readonly value: number | null
  readonly unit: string
  /** What it was measured against in this run; null where nothing else does the same. */
  readonly reference: string | null
  readonly reference_value: number | null
  /** value / reference_value */
  readonly ratio: number | null
  readonly goal: string
  /** Null where the figure was skipped or is only reported. */
  readonly met: boolean | null
  readonly samples: number
  readonly note?: string
  /** Why it could not be measured here. */
  readonly skipped?: string
}

export interface BenchContext {
  progress(text: string): void
  readonly seed: number
}

export interface BenchFigure {
  readonly name: string
  readonly goal: string
  run(context: BenchContext): Promise<FigureLine[]>
}
