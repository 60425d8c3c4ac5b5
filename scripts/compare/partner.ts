/** XGBoost and scikit-learn in a Python process of their own, which takes orders and reads and writes arrays in a folder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Debian's own: another Python on the path may not have its packages. */
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
const PARTNER = join(import.meta.dirname, 'trees.py')

/** The package that is missing, or undefined. */
export function missingPackage(module: 'xgboost' | 'sklearn'): string | undefined {
  const { status } = spawnSync(PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' })
  return status === 0 ? undefined : `python3-${module}`
}

/** @throws if a set cannot be exported, for instance because the R package that it comes from is missing */
export function exportSets(directory: string, names: readonly string[]): void {
  const { status } = spawnSync(PYTHON, [PARTNER, 'export', directory, ...names], {
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (status !== 0) throw new Error(`the data sets ${names.join(', ')} could not be exported`)
}

/** One Python process answers all orders: its imports are not part of a fit. */
export class Partner {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(directory: string) {
    this.#child = spawn(PYTHON, [PARTNER, 'fit', directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
    })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('expected the output of python3')
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  async fit(order: object): Promise<number> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('python3 ended before it answered')
    return (JSON.parse(value) as { seconds: number }).seconds
  }

  close(): void {
    this.#child.stdin?.end()
  }
}

export function readBuffer(path: string): ArrayBuffer {
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

export interface ExchangedTable {
  readonly values: Float32Array
  readonly labels: Int32Array
  readonly features: number
  /** Rows that are asked about after training on all. */
  readonly testRows: number
}

/** Puts a table of two classes where an order can name it; it has one split, 0, whose training rows are all rows. */
export function writeTable(directory: string, name: string, table: ExchangedTable): void {
  const { values, labels, features, testRows } = table
  const path = (ending: string) => join(directory, `${name}.${ending}`)
  const numbers = (count: number) => Int32Array.from({ length: count }, (_, index) => index)
  const bytes = (array: Float32Array | Int32Array) =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  writeFileSync(path('f32'), bytes(values))
  writeFileSync(path('i32'), bytes(labels))
  writeFileSync(path('train0'), bytes(numbers(labels.length)))
  writeFileSync(path('test0'), bytes(numbers(testRows)))
  writeFileSync(path('json'), JSON.stringify({ rows: labels.length, features, classes: 2 }))
}
