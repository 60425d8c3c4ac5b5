/**
 * Runs every `test/**\/*.test.ts` in a process of its own, two at a time, and closes with `N passed, N failed`. A run fails with
 * a failed test, a file that ends without a report, hangs or leaves handles open, no test at all, or a skip that names no
 * program that is missing here (with `CI=true`, any skip).
 *
 *   npm test                      everything
 *   npm test -- unit/detection    files whose path contains the text
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join, relative } from 'node:path'

interface SuiteReport {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly title: string; readonly reason: string }[]
}

interface FileResult extends SuiteReport {
  readonly file: string
  readonly seconds: number
}

const FILE_TIMEOUT_MS = 300_000
/** After its report a file has this long to end by itself; open sockets and timers keep it. */
const LINGER_MS = 5_000
const root = join(import.meta.dirname, '..')

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', () => resolve(127))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

function readReport(output: string): SuiteReport | undefined {
  const at = output.lastIndexOf('#suite {')
  if (at < 0) return undefined
  try {
    return JSON.parse(output.slice(at + 7).split('\n', 1)[0] ?? '') as SuiteReport
  } catch {
    return undefined
  }
}

function runFile(file: string): Promise<FileResult> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true
    })
    let output = ''
    let fault = ''
    const stop = (reason: string) => {
      fault = reason
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        child.kill('SIGKILL')
      }
    }
    const timer = setTimeout(
      () => stop(`expected the file to end within ${FILE_TIMEOUT_MS} ms`),
      FILE_TIMEOUT_MS
    )
    let linger: NodeJS.Timeout | undefined
    const take = (chunk: Buffer) => {
      output += chunk.toString()
      if (linger === undefined && output.includes('#done')) {
        linger = setTimeout(
          () => stop('left handles open: the process did not end by itself'),
          LINGER_MS
        )
      }
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('close', (code) => {
      clearTimeout(timer)
      clearTimeout(linger)
      const report = readReport(output) ?? { passed: 0, failed: 0, skipped: [] }
      const name = relative(root, file)
      const seconds = (performance.now() - startedAt) / 1_000
      if (fault === '' && readReport(output) === undefined)
        fault = `ended with code ${code} and no report`
      if (fault === '' && code !== 0 && report.failed === 0) fault = `ended with code ${code}`
      if (fault === '' && report.passed + report.failed + report.skipped.length === 0)
        fault = 'has no test'
      const failed = report.failed + (fault === '' ? 0 : 1)
      const state = failed > 0 ? 'FAILED' : 'ok'
      process.stdout.write(
        `${state.padEnd(7)}${name} (${report.passed} passed, ${seconds.toFixed(1)} s)\n`
      )
      if (failed > 0)
        process.stdout.write(`${indent(output)}\n${fault === '' ? '' : `  ${name}: ${fault}\n`}`)
      resolve({ ...report, failed, file: name, seconds })
    })
  })
}

function indent(text: string): string {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(-200)
    .map((line) => `    ${line}`)
    .join('\n')
}

async function runAll(files: readonly string[]): Promise<FileResult[]> {
  const results: FileResult[] = []
  const waiting = [...files]
  const worker = async () => {
    for (;;) {
      const file = waiting.shift()
      if (file === undefined) return
      results.push(await runFile(file))
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
  return results
}

/** Whether a reason reads `PROGRAM is not installed`, and it is not. */
function namesMissingProgram(reason: string): boolean {
  const program = /^(\S.*) is not installed$/.exec(reason)?.[1]
  if (program === undefined) return false
  return (process.env['PATH'] ?? '').split(delimiter).every((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return false
    } catch {
      return true
    }
  })
}

const filters = process.argv.slice(2)
const files = globSync('test/**/*.test.ts', { cwd: root })
  .map((file) => join(root, file))
  .filter((file) => filters.length === 0 || filters.some((text) => file.includes(text)))
  .sort()
const built = await run(process.execPath, [
  'node_modules/typescript/bin/tsc',
  '-p',
  'tsconfig.build.json'
])
const results = built === 0 ? await runAll(files) : []
let passed = 0
let failed = built === 0 ? 0 : 1
const skipped: { title: string; reason: string }[] = []
for (const result of results) {
  passed += result.passed
  failed += result.failed
  skipped.push(...result.skipped)
}
for (const { title, reason } of skipped) {
  process.stdout.write(`skipped ${title}: ${reason}\n`)
  // On a machine that installs what the tests use, a skip hides a failure.
  if (process.env['CI'] === 'true' || !namesMissingProgram(reason)) failed++
}
if (passed === 0) failed = Math.max(failed, 1)
const slowest = results.sort((a, b) => b.seconds - a.seconds).slice(0, 5)
process.stdout.write(
  `slowest: ${slowest.map((one) => `${one.file} ${one.seconds.toFixed(1)} s`).join(', ')}\n`
)
if (skipped.length > 0) process.stdout.write(`${skipped.length} skipped\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
