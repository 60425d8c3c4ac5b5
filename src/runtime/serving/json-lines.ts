/** Scores rows that come as lines of JSON and writes a line of JSON for each. Pure: bytes in, bytes out. */
import { ModelScorer } from '../model/model-scorer.ts'
import { RowReader } from './row-reader.ts'
import { type ServedModel, verdictOf } from './served-model.ts'

export interface LineBlock {
  /** Whole lines; the last may lack its line feed. */
  readonly bytes: Uint8Array
  /** Number of its first line that is not empty, from 0. */
  readonly firstRow: number
}

export interface ScoredLines {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly rows: number
  /** Lines that were answered with what is wrong with them. */
  readonly faults: number
  /** Over the lines with a score. */
  readonly scoreSum: number
  readonly verdicts: Readonly<Record<string, number>>
}

const DIGITS = 1e8
const LINE_FEED = 10
const encoder = new TextEncoder()

/** Reads and scores line after line; has room for one row at a time. */
export class LineScorer {
  readonly model: ServedModel
  readonly #reader: RowReader
  readonly #scorer: ModelScorer
  readonly #row: Float32Array
  readonly #out: Float64Array
  readonly #tail: string
  readonly #classes: readonly string[]
  #scoreSum = 0
  #verdicts: Record<string, number> = {}

  constructor(model: ServedModel) {
    this.model = model
    this.#reader = new RowReader(model)
    this.#scorer = new ModelScorer(model.parts)
    this.#row = new Float32Array(this.#reader.width)
    this.#out = new Float64Array(this.#scorer.width)
    this.#tail = `,"model":${JSON.stringify(model.id)}}\n`
    this.#classes = model.parts.classes.map((name) => JSON.stringify(name))
  }

  score(block: LineBlock): ScoredLines {
    let rows = 0
    let faults = 0
    let text = ''
    this.#scoreSum = 0
    this.#verdicts = {}
    for (const line of linesOf(block.bytes)) {
      const row = block.firstRow + rows++
      const fault = this.#readLine(line)
      if (fault === undefined) {
        text += `{"row":${row}${this.#answer()}`
      } else {
        faults++
        text += `{"row":${row},"error":${JSON.stringify(fault)}}\n`
      }
    }
    const [scoreSum, verdicts] = [this.#scoreSum, this.#verdicts]
    return { bytes: encoder.encode(text), rows, faults, scoreSum, verdicts }
  }

  #readLine(line: string): string | undefined {
    let row: unknown
    try {
      row = JSON.parse(line)
    } catch {
      return 'expected a line of JSON, got something else'
    }
    const found = rowOf(row)
    const faults = this.#reader.read(found.row, this.#row, 0)
    if (faults.length === 0) return undefined
    const said = faults.map(({ pointer, detail }) => {
      const at = found.pointer + pointer
      return at === '' ? detail : `${at}: ${detail}`
    })
    return said.join('; ')
  }

  #answer(): string {
    this.#scorer.score(this.#row, 0, this.#out)
    const label = this.#classes[this.#scorer.topClass(this.#out)] ?? 'null'
    if (this.#scorer.width === 1) {
      const score = this.#out[0] as number
      const verdict = verdictOf(this.model, score)
      this.#scoreSum += score
      if (verdict !== undefined) this.#verdicts[verdict] = (this.#verdicts[verdict] ?? 0) + 1
      const said = verdict === undefined ? '' : `,"verdict":"${verdict}"`
      return `,"score":${short(score)},"label":${label}${said}${this.#tail}`
    }
    const scores = this.#classes.map((name, k) => `${name}:${short(this.#out[k] as number)}`)
    return `,"scores":{${scores.join(',')}},"label":${label}${this.#tail}`
  }
}

/** A line is the row itself, or an object with the row as `features`. */
export function rowOf(line: unknown): { readonly row: unknown; readonly pointer: string } {
  if (typeof line === 'object' && line !== null && 'features' in line) {
    const { features } = line
    if (typeof features === 'object' && features !== null) {
      return { row: features, pointer: '/features' }
    }
  }
  return { row: line, pointer: '' }
}

/**
 * What is said of lines for which there was no time: the verdict of the rules, where a row carries it as a feature.
 *
 * @param ruleFeature name of the feature that holds the score of the rules, and where it stands in a row that is an array
 */
export function fallbackLines(
  block: LineBlock,
  ruleFeature: { readonly name: string; readonly index: number },
  reason: string
): ScoredLines {
  let rows = 0
  let scoreSum = 0
  let text = ''
  for (const line of linesOf(block.bytes)) {
    const score = ruleScoreOf(line, ruleFeature)
    scoreSum += score ?? 0
    text += `{"row":${block.firstRow + rows++},"score":${score ?? 'null'},"fallback":true,"reason":${JSON.stringify(reason)},"model":null}\n`
  }
  return { bytes: encoder.encode(text), rows, faults: 0, scoreSum, verdicts: {} }
}

function ruleScoreOf(
  line: string,
  ruleFeature: { readonly name: string; readonly index: number }
): number | undefined {
  try {
    return readRuleScore(rowOf(JSON.parse(line)).row, ruleFeature)
  } catch {
    return undefined
  }
}

/** The score of the rules, if the row carries one in 0..1. */
export function readRuleScore(
  row: unknown,
  { name, index }: { readonly name: string; readonly index: number }
): number | undefined {
  if (typeof row !== 'object' || row === null) return undefined
  const value = Array.isArray(row) ? row[index] : (row as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined
}

/** Where the last whole line of the bytes ends: 0 if none does. */
export function endOfLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(LINE_FEED) + 1
}

function* linesOf(bytes: Uint8Array): Generator<string> {
  const text = new TextDecoder().decode(bytes)
  let from = 0
  while (from < text.length) {
    let to = text.indexOf('\n', from)
    if (to < 0) to = text.length
    const line = text.slice(from, to)
    if (!isBlank(line)) yield line
    from = to + 1
  }
}

function isBlank(line: string): boolean {
  for (let at = 0; at < line.length; at++) if (line.charCodeAt(at) > 32) return false
  return true
}

function short(score: number): string {
  return String(Math.round(score * DIGITS) / DIGITS)
}
