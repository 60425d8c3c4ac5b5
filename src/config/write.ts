/** Writes a new configuration file: only the keys that differ from the defaults, so that later defaults still count. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'smol-toml'
import { messageOf } from '../base/index.ts'
import { ConfigError } from './errors.ts'
import { parseConfig } from './load.ts'
import type { ConfigInput } from './schema.ts'

const HEAD = `# Configuration of this netminder node. Every key with its default and its meaning: docs/CONFIG.md.
# Check it with: netminder config check
`

/** The text of a configuration file. @throws {CONFIG_UNKNOWN_KEY | CONFIG_INVALID_VALUE} */
function renderConfig(values: ConfigInput, origin: string): string {
  const text = `${HEAD}\n${stringify(values)}`
  parseConfig(text, origin)
  return text.endsWith('\n') ? text : `${text}\n`
}

/**
 * Creates the file (0640) and its directory (0700) if they are not there; an existing file is left untouched.
 * @returns whether the file was written
 * @throws {CONFIG_UNWRITABLE | CONFIG_UNKNOWN_KEY | CONFIG_INVALID_VALUE}
 */
export function writeConfigOnce(file: string, values: ConfigInput): boolean {
  const text = renderConfig(values, file)
  if (existsSync(file)) return false
  const temporary = join(dirname(file), `.netminder-${randomBytes(6).toString('hex')}.tmp`)
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const descriptor = openSync(temporary, 'wx', 0o640)
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    return linkOnce(temporary, file)
  } catch (cause) {
    const message = isFileInTheWay(cause)
      ? `expected ${dirname(file)} to be a directory, got a file`
      : `expected to write the configuration, got: ${messageOf(cause)}`
    throw new ConfigError(
      [{ code: 'CONFIG_UNWRITABLE', origin: file, keyPath: '', message }],
      cause
    )
  } finally {
    if (existsSync(temporary)) unlinkSync(temporary)
  }
}

/** A hard link fails if the name was taken meanwhile, where a rename would replace the other file. */
function linkOnce(temporary: string, file: string): boolean {
  try {
    linkSync(temporary, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function isFileInTheWay(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'EEXIST' || error.code === 'ENOTDIR'
}
