/**
 * A log as its writer and logrotate treat it: appended to, renamed, copied and truncated. Every change is one second after
 * the one before by the file's own time, as rotations are far apart; the kernel's own clock is too coarse for a test.
 */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { numbered } from './source-rig.ts'

/** Later than any clock of a machine that runs this, so that what the kernel stamps in between is older. */
const FIRST_CHANGE_S = 4_000_000_000

export class RotatingLog {
  readonly path: string
  #written = 0
  #changes = 0
  #begun = ''

  constructor(path: string) {
    this.path = path
  }

  /** Whole lines written so far. */
  get written(): number {
    return this.#written
  }

  get isWithinLine(): boolean {
    return this.#begun !== ''
  }

  create(): void {
    writeFileSync(this.path, '')
    this.#stamp(this.path)
  }

  /** Appends the next numbered lines, the first of which may have been begun. */
  write(count: number, path = this.path): void {
    for (let i = 0; i < count; i++) {
      appendFileSync(path, `${numbered(this.#written++)}\n`.slice(this.#begun.length))
      this.#begun = ''
      this.#stamp(path)
    }
  }

  /** Appends the first part of a line. */
  begin(length: number, path = this.path): void {
    const begun = numbered(this.#written).slice(0, this.#begun.length + length)
    appendFileSync(path, begun.slice(this.#begun.length))
    this.#begun = begun
    this.#stamp(path)
  }

  /** `x.log` becomes `x.log.1`, and so on. The writer has it open still and may `write` to the new name. */
  rename(): void {
    this.#shift()
    renameSync(this.path, `${this.path}.1`)
  }

  /** logrotate's `copytruncate`. */
  copyAndTruncate(): void {
    this.#shift()
    copyFileSync(this.path, `${this.path}.1`)
    this.#stamp(`${this.path}.1`)
    truncateSync(this.path)
    this.#stamp(this.path)
  }

  #shift(): void {
    let last = 1
    while (existsSync(`${this.path}.${last}`)) last++
    for (let n = last; n > 1; n--) renameSync(`${this.path}.${n - 1}`, `${this.path}.${n}`)
  }

  #stamp(path: string): void {
    const atS = FIRST_CHANGE_S + this.#changes++
    utimesSync(path, atS, atS)
  }
}
