/**
 * `npm run bench -- [NAME…]`: measures the named figures, or all, and prints one JSON line for each. Several figures run in a
 * process each, one after the other, so that none finds the heap or the compiled code of another.
 *
 *   npm run bench                         all
 *   npm run bench -- log-lines            one
 *   npm run bench -- kill-store.lost      the measurement that this figure belongs to
 *   npm run bench -- --list               names and goals
 *   npm run bench -- --seed 7 NAME        other random inputs
 */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { BenchContext, FigureLine } from './figure.ts'
import { FIGURES } from './registry.ts'

const DEFAULT_SEED = 1
const USAGE = 64
const FAILED = 70

class UsageError extends Error {}

interface Request {
  readonly names: readonly string[]
  readonly seed: number
  readonly isList: boolean
}

/** @throws {UsageError} */
function parse(args: readonly string[]): Request {
  const { values, positionals } = parsed(args)
  const seed = Number(values.seed ?? DEFAULT_SEED)
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UsageError(`expected a whole number after --seed, got "${values.seed}"`)
  }
  const names = positionals.map((name) => name.split('.', 1)[0] ?? '')
  for (const [index, name] of names.entries()) {
    if (FIGURES.has(name)) continue
    const known = [...FIGURES.keys()].join(', ')
    throw new UsageError(`expected the name of a figure (${known}), got "${positionals[index]}"`)
  }
  return { names: [...new Set(names)], seed, isList: values.list ?? false }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { list: { type: 'boolean' }, seed: { type: 'string' } },
      allowPositionals: true
    })
  } catch (error) {
    throw new UsageError((error as Error).message.split(/\. |\n/, 1)[0])
  }
}

async function load(name: string) {
  const module = await FIGURES.get(name)?.()
  if (module === undefined) throw new UsageError(`expected the name of a figure, got "${name}"`)
  return module.figure
}

async function list(): Promise<void> {
  for (const name of FIGURES.keys()) print({ figure: name, goal: (await load(name)).goal })
}

async function measure(name: string, seed: number): Promise<void> {
  const context: BenchContext = { seed, progress: (text) => void process.stderr.write(`${text}\n`) }
  const figure = await load(name)
  const lines: readonly FigureLine[] = await figure.run(context)
  for (const line of lines) print(line)
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** @returns the exit code of the process that measured */
function measureApart(name: string, seed: number): Promise<number> {
  const args = [...process.execArgv, import.meta.filename, '--seed', String(seed), name]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', () => resolve(FAILED))
    child.on('exit', (code) => resolve(code ?? FAILED))
  })
}

/** @returns the exit code: 0 only if every figure was measured, or said why it cannot be */
async function run(args: readonly string[]): Promise<number> {
  const request = parse(args)
  if (request.isList) {
    await list()
    return 0
  }
  const [only, ...more] = request.names.length > 0 ? request.names : [...FIGURES.keys()]
  if (only === undefined) return 0
  if (more.length === 0) {
    await measure(only, request.seed)
    return 0
  }
  let worst = 0
  for (const name of [only, ...more]) {
    worst = Math.max(worst, await measureApart(name, request.seed))
  }
  return worst
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = isUsage ? USAGE : FAILED
}
