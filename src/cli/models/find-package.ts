/** The package that is meant: a folder, or a name (and version) among the node's own models and those that are shipped. */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { loadPackage, type ModelPackage } from '../../registry/index.ts'
import { placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'

/** On one's own disk a package may be larger than what a node takes from others. */
export const LOCAL_BYTES_MAX = 1_073_741_824

export interface GivenModel {
  readonly package?: string
  readonly model?: string
}

export function addModelOptions(command: Command): Command {
  return command
    .option('--package <dir>', 'folder of the model, as "train --out" writes it')
    .option('--model <name>', 'name of a model of this node or of a shipped one, or name@version')
}

/** @throws {CLI_USAGE | CLI_INPUT_MISSING | ModelError} */
export async function findPackage(
  given: GivenModel,
  command: Command,
  context: CliContext
): Promise<ModelPackage> {
  if ((given.package === undefined) === (given.model === undefined)) {
    throw new CliError('CLI_USAGE', 'expected a model to use: --package or --model, and not both')
  }
  const dir = given.package ?? (await findByName(given.model ?? '', command, context))
  return loadPackage(dir, { bytesMax: LOCAL_BYTES_MAX })
}

async function findByName(text: string, command: Command, context: CliContext): Promise<string> {
  const [name = '', version] = text.split('@')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new CliError('CLI_USAGE', `expected the name of a model, got "${text.slice(0, 60)}"`)
  }
  const roots = [
    join(placesOf(command).dataDir, 'models'),
    join(dirname(context.executable), '..', 'models')
  ]
  for (const root of roots) {
    const versions = await readdir(join(root, name)).catch(() => [])
    const newestFirst = versions.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    const found = newestFirst.find((one) =>
      version === undefined ? !one.startsWith('.') : one === version
    )
    if (found !== undefined) return join(root, name, found)
  }
  throw new CliError(
    'CLI_INPUT_MISSING',
    `expected a model "${text}" in ${roots.join(' or ')}, got none`
  )
}
