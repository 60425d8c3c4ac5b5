/** Everything that a tool can enforce: types, lint, rooms, unused code, generated files, tidiness. Each step says how long it took. */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFaults, isText } from './check/tidy.ts'

const root = join(import.meta.dirname, '..')
const node = process.execPath

interface Outcome {
  readonly isOk: boolean
  readonly output: string
}

function tool(file: string, args: readonly string[]): Outcome {
  const result = spawnSync(node, [join(root, 'node_modules', file), ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024
  })
  return { isOk: result.status === 0, output: `${result.stdout}${result.stderr}` }
}

/** dependency-cruiser passes when it understands nothing; so the number of modules that it saw is compared with the folder. */
function cruise(): Outcome {
  const bin = 'dependency-cruiser/bin/dependency-cruiser.mjs'
  const config = ['--config', '.dependency-cruiser.cjs']
  const listed = tool(bin, ['src', ...config, '--output-type', 'json'])
  const verdict = tool(bin, ['src', ...config, '--output-type', 'err'])
  const files = globSync('src/**/*.ts', { cwd: root }).length
  let seen = 0
  try {
    const modules = (JSON.parse(listed.output) as { modules: { source: string }[] }).modules
    seen = modules.filter((module) => module.source.startsWith('src/')).length
  } catch {
    return { isOk: false, output: listed.output }
  }
  const note = `${seen} of ${files} modules seen\n`
  return { isOk: verdict.isOk && seen >= files, output: note + verdict.output }
}

function tidy(): Outcome {
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8'
  })
  // Without git (an unpacked archive) the folders are read.
  const files =
    listed.status === 0
      ? listed.stdout.split('\n')
      : globSync(['{src,bin,scripts,test,docs,protocols}/**/*', '*', '.*'], { cwd: root })
  const faults: string[] = []
  for (const file of files.filter(isText)) {
    let text: string
    try {
      text = readFileSync(join(root, file), 'utf8')
    } catch {
      continue
    }
    faults.push(...findFaults(file, text))
  }
  return { isOk: faults.length === 0, output: `${faults.join('\n')}\n` }
}

const steps: readonly (readonly [string, () => Outcome])[] = [
  ['types', () => tool('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json'])],
  ['lint and format', () => tool('@biomejs/biome/bin/biome', ['ci', '--error-on-warnings', '.'])],
  ['rooms', cruise],
  ['unused code', () => tool('knip/bin/knip.js', ['--treat-config-hints-as-errors'])],
  ['generated files', () => run([join(root, 'scripts/generate.ts'), '--check'])],
  ['openapi', () => tool('@redocly/cli/bin/cli.js', ['lint', 'protocols/http/openapi.yaml'])],
  ['tidiness', tidy]
]

function run(args: readonly string[]): Outcome {
  const result = spawnSync(node, args, { cwd: root, encoding: 'utf8' })
  return { isOk: result.status === 0, output: `${result.stdout}${result.stderr}` }
}

let failures = 0
for (const [name, work] of steps) {
  const startedAt = performance.now()
  const { isOk, output } = work()
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  process.stdout.write(`${isOk ? 'ok     ' : 'FAILED '}${name} (${seconds} s)\n`)
  if (name === 'rooms') process.stdout.write(`       ${output.split('\n', 1)[0]}\n`)
  if (isOk) continue
  failures++
  process.stdout.write(`${output.trimEnd()}\n`)
}
process.exitCode = failures === 0 ? 0 : 1
