/**
 * Writes every generated file, or with `--check` compares what is committed with what would be written.
 *
 *   npm run generate            write
 *   npm run generate -- --check compare; exit 1 names the stale files
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderOpenApi } from '../src/api/index.ts'
import { renderCliReference } from '../src/cli/index.ts'
import { renderConfigExample, renderConfigReference } from '../src/config/index.ts'
import { collectMetrics } from '../src/daemon/index.ts'
import { SUMS_FILE } from '../src/registry/index.ts'
import { renderMetricsReference } from '../src/telemetry/index.ts'
import { renderFeatureReference } from './generate/feature-reference.ts'
import { renderShippedSums } from './generate/shipped-sums.ts'
import { renderWireCodecs } from './generate/wire-codecs.ts'
import { renderTrafficReference } from './traffic/render-reference.ts'

const root = join(import.meta.dirname, '..')
const files: readonly (readonly [string, () => string])[] = [
  ['config.example.toml', renderConfigExample],
  ['docs/CONFIG.md', renderConfigReference],
  ['docs/CLI.md', renderCliReference],
  ['docs/FEATURES.md', renderFeatureReference],
  ['docs/METRICS.md', () => renderMetricsReference(collectMetrics())],
  ['docs/TRAFFIC.md', renderTrafficReference],
  [`models/${SUMS_FILE}`, () => renderShippedSums(join(root, 'models'))],
  ['protocols/http/openapi.yaml', renderOpenApi],
  ...(await renderWireCodecs(root)).map(({ path, text }) => [path, () => text] as const)
]

const isCheck = process.argv.includes('--check')
const stale: string[] = []
for (const [name, render] of files) {
  const file = join(root, name)
  const text = render()
  if (!isCheck) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    continue
  }
  let committed = ''
  try {
    committed = readFileSync(file, 'utf8')
  } catch {
    // A missing file is a stale one.
  }
  if (committed !== text) stale.push(name)
}
if (stale.length > 0) {
  process.stderr.write(`generated files are stale: ${stale.join(', ')}; run "npm run generate"\n`)
  process.exitCode = 1
}
