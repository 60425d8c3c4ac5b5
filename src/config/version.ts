/** The version of the program, from the manifest that lies beside `src` and `dist` alike. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function programVersion(): string {
  const manifest = join(import.meta.dirname, '..', '..', 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
