/**
 * Puts the layers together (defaults < netminder.toml < netminder.local.toml < environment < command line), validates the
 * result once, and names every problem with the layer that brought it. A table is merged key by key; an array replaces
 * the array of the layer below.
 */
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import type * as z from 'zod'
import { messageOf } from '../base/index.ts'
import { dataPaths } from './data-dir.ts'
import { readEnvironment } from './environment.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { type Config, configSchema } from './schema.ts'

/** A configuration is written by hand: what is longer is something else (a log, a list). */
const FILE_BYTES_MAX = 1_048_576

type Tree = Record<string, unknown>

interface Layer {
  readonly originOf: (keyPath: string) => string
  readonly values: Tree
}

export interface LoadOptions {
  readonly dataDir: string
  /** Read instead of `<data-dir>/netminder.toml`; it must exist. `netminder.local.toml` is looked for beside it. */
  readonly configFile?: string | undefined
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Values of the command line by dotted path, such as `api.port`. */
  readonly flags?: Readonly<Record<string, unknown>>
}

export interface LoadedConfig {
  /** Relative paths are resolved against the data directory. */
  readonly config: Config
  /** The files that were read, in order of precedence. */
  readonly files: readonly string[]
}

/** @throws {CONFIG_UNREADABLE | CONFIG_SYNTAX | CONFIG_UNKNOWN_KEY | CONFIG_INVALID_VALUE} with all problems of the first kind that was met */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const paths = dataPaths(options.dataDir)
  const main = options.configFile ?? paths.config
  const local = main.endsWith('.toml')
    ? `${main.slice(0, -'.toml'.length)}.local.toml`
    : `${main}.local.toml`
  const layers: Layer[] = []
  const files: string[] = []
  for (const file of [main, local]) {
    const isRequired = file === options.configFile
    const text = readConfigFile(file, isRequired)
    if (text === undefined) continue
    files.push(file)
    layers.push({ originOf: () => file, values: parseFile(text, file) })
  }
  const environment = readEnvironment(options.environment ?? process.env)
  layers.push({
    originOf: (keyPath) => `environment ${variableFor(environment.variables, keyPath)}`,
    values: environment.values
  })
  layers.push({ originOf: () => 'command line', values: treeOfFlags(options.flags ?? {}) })
  return { config: absolutePaths(validate(layers), options.dataDir), files }
}

/** Validates one text as the only layer above the defaults. @throws {CONFIG_SYNTAX | CONFIG_UNKNOWN_KEY | CONFIG_INVALID_VALUE} */
export function parseConfig(text: string, origin: string): Config {
  return validate([{ originOf: () => origin, values: parseFile(text, origin) }])
}

function readConfigFile(file: string, isRequired: boolean): string | undefined {
  try {
    const bytes = readFileSync(file)
    if (bytes.length > FILE_BYTES_MAX) {
      throw new Error(`expected at most ${FILE_BYTES_MAX} bytes, got ${bytes.length}`)
    }
    return bytes.toString('utf8')
  } catch (cause) {
    if (!isRequired && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const message = `expected a readable configuration file, got: ${messageOf(cause)}`
    throw new ConfigError(
      [{ code: 'CONFIG_UNREADABLE', origin: file, keyPath: '', message }],
      cause
    )
  }
}

function parseFile(text: string, origin: string): Tree {
  try {
    return parseToml(text) as Tree
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [what] = cause.message.split('\n')
    const message = `expected TOML, got at line ${cause.line}, column ${cause.column}: ${what}`
    throw new ConfigError([{ code: 'CONFIG_SYNTAX', origin, keyPath: '', message }], cause)
  }
}

function variableFor(variables: ReadonlyMap<string, string>, keyPath: string): string {
  for (const [path, variable] of variables) {
    if (path === keyPath || keyPath.startsWith(`${path}.`) || path.startsWith(`${keyPath}.`)) {
      return variable
    }
  }
  return ''
}

function treeOfFlags(flags: Readonly<Record<string, unknown>>): Tree {
  let tree: Tree = {}
  for (const [keyPath, value] of Object.entries(flags)) {
    if (value === undefined) continue
    const nested = keyPath
      .split('.')
      .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
    tree = merge(tree, nested as Tree)
  }
  return tree
}

function isTable(value: unknown): value is Tree {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  )
}

function merge(below: Tree, above: Tree): Tree {
  // A null prototype keeps a key called __proto__ an unknown key like any other.
  const merged: Tree = Object.assign(Object.create(null), below)
  for (const [key, value] of Object.entries(above)) {
    const old = merged[key]
    merged[key] = isTable(value) && isTable(old) ? merge(old, value) : value
  }
  return merged
}

function validate(layers: readonly Layer[]): Config {
  const merged = layers.reduce<Tree>((tree, layer) => merge(tree, layer.values), {})
  const result = configSchema.safeParse(merged)
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, layers, merged))
  const [first, ...rest] = problems
  if (first === undefined) throw result.error
  throw new ConfigError([first, ...rest], result.error)
}

function problemsOf(
  issue: z.core.$ZodIssue,
  layers: readonly Layer[],
  merged: Tree
): ConfigProblem[] {
  const base = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...base, key]
      return {
        code: 'CONFIG_UNKNOWN_KEY',
        origin: originOf(layers, path),
        keyPath: path.join('.'),
        message: 'expected a key of the configuration, got one that does not exist'
      }
    })
  }
  const got = describeValue(valueAt(merged, base))
  const message = issue.code === 'custom' ? issue.message : expectation(issue)
  return [
    {
      code: 'CONFIG_INVALID_VALUE',
      origin: originOf(layers, base),
      keyPath: base.join('.'),
      message: message.includes(', got ') ? message : `${message}, got ${got}`
    }
  ]
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${article(issue.expected === 'int' ? 'integer' : issue.expected)}`
    case 'too_small':
      return `expected at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `expected at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'invalid_value':
      return `expected one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'invalid_union':
      return `expected one of ${JSON.stringify('options' in issue ? issue.options : [])}`
    default:
      return issue.message
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' ? ' elements' : ''
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function originOf(layers: readonly Layer[], path: readonly string[]): string {
  // The value may be missing (a table without a needed key): then whoever wrote the nearest table is meant.
  for (let length = path.length; length > 0; length--) {
    const layer = layers.findLast(
      (candidate) => valueAt(candidate.values, path.slice(0, length)) !== undefined
    )
    if (layer !== undefined) return layer.originOf(path.join('.'))
  }
  return 'configuration'
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Tree)[key]
  }
  return value
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (isTable(value)) return 'a table'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function absolutePaths(config: Config, dataDir: string): Config {
  const absolute = (path: string) => (isAbsolute(path) || path === '' ? path : join(dataDir, path))
  return {
    ...config,
    sources: config.sources.map((source) =>
      source.path === undefined ? source : { ...source, path: absolute(source.path) }
    ),
    actuators: config.actuators.map((actuator) =>
      actuator.kind === 'http-list'
        ? actuator
        : { ...actuator, listPath: absolute(actuator.listPath) }
    ),
    api: { ...config.api, socketPath: absolute(config.api.socketPath) },
    training: { ...config.training, readFrom: config.training.readFrom.map(absolute) }
  }
}
