/** What cached work depends on, as short hashes: another generator makes other days, other code or another model other outcomes. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isFrozenPolicy, type PolicyName } from '../../../src/detection/index.ts'

const ROOT = join(import.meta.dirname, '../../..')
const GENERATOR = ['scripts/traffic', 'src/base/address.ts', 'src/base/random.ts']
/** Not part of what makes a day. */
const BESIDE_GENERATOR = ['scripts/traffic/compare', 'scripts/traffic/render-reference.ts']
const READING = ['src/base', 'src/keyserver/sources', 'src/defense', 'src/cli/replay']
const SHORT = 10

export function generatorHash(): string {
  const files = filesOf(GENERATOR).filter(
    (file) => !BESIDE_GENERATOR.some((path) => file.startsWith(path))
  )
  return hashFiles(files)
}

/** Of all code that an outcome of this policy depends on, and of the model package. */
export function policyHash(policy: PolicyName, modelDir?: string): string {
  if (isFrozenPolicy(policy)) return hashFiles(filesOf([...READING, 'src/detection/baselines']))
  const code = hashFiles(filesOf([...READING, 'src/detection', 'src/runtime']))
  return modelDir === undefined || policy !== 'default' ? code : `${code}-${packageHash(modelDir)}`
}

/** Of the code that whole sessions depend on. */
export function sessionHash(): string {
  const own = ['whole-session.ts', 'session-rows.ts', 'labels.ts']
  const reading = ['src/base', 'src/keyserver/sources']
  return hashFiles(
    filesOf([...reading, ...own.map((name) => `scripts/experiment/detection/${name}`)])
  )
}

/** The manifest holds the hashes of every other file. */
export function packageHash(dir: string): string {
  return short(createHash('sha256').update(readFileSync(join(dir, 'manifest.json'))))
}

/** Of the code that rows depend on. */
export function rowsHash(): string {
  const rows = ['src/detection', 'src/datasets/rows', 'src/datasets/labels']
  return hashFiles(filesOf(['src/base', 'src/keyserver/sources', ...rows]))
}

/** Of the code that makes a model of rows. */
export function trainingHash(): string {
  return hashFiles(filesOf(['src/base', 'src/runtime', 'src/training', 'src/datasets']))
}

function hashFiles(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(ROOT, file)))
  return short(hash)
}

function short(hash: ReturnType<typeof createHash>): string {
  return hash.digest('hex').slice(0, SHORT)
}

function filesOf(paths: readonly string[]): readonly string[] {
  const found: string[] = []
  for (const path of paths) {
    const at = join(ROOT, path)
    if (!existsSync(at)) continue
    if (!statSync(at).isDirectory()) found.push(path)
    else for (const name of readdirSync(at)) found.push(...filesOf([`${path}/${name}`]))
  }
  return found.sort()
}
