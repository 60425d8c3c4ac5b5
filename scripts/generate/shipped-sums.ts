/** The list of hashes of all shipped packages, in the form of `sha256sum`. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareVersions, sumsOf } from '../../src/registry/index.ts'

export function renderShippedSums(modelsDir: string): string {
  return globSync('*/*/manifest.json', { cwd: modelsDir })
    .map((path) => path.split('/'))
    .sort(([a = '', v = ''], [b = '', w = '']) =>
      a === b ? compareVersions(v, w) : a < b ? -1 : 1
    )
    .map(([name = '', version = '']) => {
      const dir = join(modelsDir, name, version)
      const paths = globSync('*', { cwd: dir })
      return sumsOf(
        { name, version },
        new Map(paths.map((path) => [path, readFileSync(join(dir, path))]))
      )
    })
    .join('')
}
