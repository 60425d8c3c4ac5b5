/** The terminal of the demo: lines that stay, and on a terminal one last line that is written over. At most 100 columns. */
import type { Clock } from '../../base/index.ts'
import type { CliIo } from '../context.ts'
import { plain } from '../output.ts'

export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'caution' | 'alarm'

const SGR: Readonly<Record<Tone, string>> = {
  plain: '',
  strong: '1',
  faint: '2',
  good: '32',
  caution: '33',
  alarm: '1;31'
}
const WIDTH_MAX = 100
const WIDTH_MIN = 40
const LABEL_WIDTH = 10
const TIME_WIDTH = 6
const INDENT = TIME_WIDTH + 2
/** Without a terminal, what is going on is said this often. */
const REPEAT_MS = 15_000

export class Screen {
  readonly #io: CliIo
  readonly #clock: Clock
  readonly #hasColors: boolean
  #width: number
  #startedAtMs: number
  #statusSaidAtMs: number
  #hasStatus = false
  #isBlank = false

  constructor(io: CliIo, clock: Clock, options: { readonly areColorsWelcome: boolean }) {
    this.#io = io
    this.#clock = clock
    this.#hasColors = io.columns !== undefined && options.areColorsWelcome
    // A terminal that does not know its width says 0.
    this.#width = Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, io.columns || WIDTH_MAX))
    this.#startedAtMs = clock.monotonicMs()
    this.#statusSaidAtMs = this.#startedAtMs
  }

  /** From now on times count from zero. */
  startClock(): void {
    this.#startedAtMs = this.#clock.monotonicMs()
    this.#statusSaidAtMs = this.#startedAtMs
  }

  paint(text: string, tone: Tone): string {
    return this.#hasColors && SGR[tone] !== '' ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text
  }

  /** An empty line, if the last one was not empty. */
  async blank(): Promise<void> {
    if (!this.#isBlank) await this.#put('\n')
    this.#isBlank = true
  }

  async text(text: string, tone: Tone = 'plain'): Promise<void> {
    for (const line of wrap(plain(text), this.#width))
      await this.#put(`${this.paint(line, tone)}\n`)
  }

  /** A command line: never broken, so that it can be copied. */
  async command(text: string, tone: Tone = 'plain'): Promise<void> {
    await this.#put(`  ${this.paint(plain(text), tone)}\n`)
  }

  /** `label     text`, further lines under the text. */
  async field(label: string, text: string, tone: Tone = 'plain'): Promise<void> {
    await this.#fields({ indent: '', label, text, tone })
  }

  /** The same on one line, with a remark behind it where there is room. */
  async item(label: string, text: string, remark: string, tone: Tone = 'plain'): Promise<void> {
    const line = plain(`${text} (${remark})`)
    const isFitting = remark !== '' && line.length <= this.#width - LABEL_WIDTH
    await this.field(label, isFitting ? line : text, tone)
  }

  /** The same below a headline with a time. */
  async detail(label: string, text: string, tone: Tone = 'plain'): Promise<void> {
    await this.#fields({ indent: ' '.repeat(INDENT), label, text, tone })
  }

  /** A line with the time since the traffic began. What does not fit is cut. */
  async news(head: string, rest: string, tone: Tone = 'plain'): Promise<void> {
    const room = this.#width - INDENT - head.length - 2
    const tail = plain(rest)
    const fitting = tail.length > room ? `${tail.slice(0, Math.max(0, room - 1))}…` : tail
    const line = `${this.paint(this.#time(), 'faint')}  ${this.paint(head, tone)}  ${fitting}`
    await this.#put(`${line.trimEnd()}\n`)
  }

  /** What is going on: written over on a terminal, repeated now and then elsewhere. */
  async status(text: string): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#io.columns === undefined) {
      if (nowMs - this.#statusSaidAtMs < REPEAT_MS) return
      this.#statusSaidAtMs = nowMs
      await this.#put(`${this.#time()}  ${text}\n`)
      return
    }
    const line = `${this.#time()}  ${text}`.slice(0, this.#width - 1)
    await this.#io.write(`\r\u001b[K${this.paint(line, 'faint')}`)
    this.#hasStatus = true
  }

  async #put(text: string): Promise<void> {
    const clear = this.#hasStatus ? '\r\u001b[K' : ''
    this.#hasStatus = false
    this.#isBlank = false
    await this.#io.write(clear + text)
  }

  async #fields(field: {
    readonly indent: string
    readonly label: string
    readonly text: string
    readonly tone: Tone
  }): Promise<void> {
    const { indent, label, tone } = field
    const lines = wrap(plain(field.text), this.#width - indent.length - LABEL_WIDTH)
    for (const [index, line] of lines.entries()) {
      const name = (index === 0 ? label : '').padEnd(LABEL_WIDTH)
      await this.#put(`${indent}${this.paint(name, 'faint')}${this.paint(line, tone)}\n`)
    }
  }

  #time(): string {
    const seconds = Math.floor((this.#clock.monotonicMs() - this.#startedAtMs) / 1_000)
    const minutes = Math.floor(seconds / 60)
    return `${minutes}:${String(seconds % 60).padStart(2, '0')}`.padStart(TIME_WIDTH)
  }
}

/** Breaks at spaces; a word that is longer than a line stays whole, so that paths can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(line)
  return lines
}
