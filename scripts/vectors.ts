/**
 * Writes the test vectors of every protocol, or with `--check` compares what is committed with what would be written. Vectors
 * that are out are promises to other programs: a difference is a change of the protocol.
 *
 *   npm run vectors             write
 *   npm run vectors -- --check  compare; exit 1 names the files that differ
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { eventVectorFiles } from './vectors/event-vectors.ts'
import { networkVectorFiles } from './vectors/network-vectors.ts'
import { streamVectorFiles } from './vectors/stream-vectors.ts'
import { render } from './vectors/vector.ts'

const root = join(import.meta.dirname, '..')
const isCheck = process.argv.includes('--check')
const files = [...eventVectorFiles(), ...networkVectorFiles(), ...streamVectorFiles()]
const known = new Set(files.map(({ path }) => path))
const different: string[] = []

for (const path of globSync('protocols/*/vectors/*.json', { cwd: root })) {
  if (known.has(path)) continue
  if (isCheck) different.push(path)
  else rmSync(join(root, path))
}
for (const file of files) {
  const path = join(root, file.path)
  const text = render(file)
  if (!isCheck) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    continue
  }
  let committed = ''
  try {
    committed = readFileSync(path, 'utf8')
  } catch {
    // A missing file differs.
  }
  if (committed !== text) different.push(file.path)
}
if (different.length > 0) {
  process.stderr.write(`vectors differ: ${different.join(', ')}; run "npm run vectors"\n`)
  process.exitCode = 1
}
