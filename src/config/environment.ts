/**
 * Reads `NETMINDER_SECTION__KEY` into the shape of the file. Letters' case and single underscores do not matter within a
 * name (`API__REQUEST_TIMEOUT_MS` is `api.requestTimeoutMs`), an element of an array has its number
 * (`SOURCES__0__PATH`), and the schema says as what the text is read.
 */
import { ConfigError, type ConfigProblem } from './errors.ts'
import { configShape, propertiesOf, type Shape } from './shape.ts'

const VARIABLE_PREFIX = 'NETMINDER_'
const ELEMENTS_MAX = 32

type Tree = Record<string, unknown>

export interface EnvironmentLayer {
  readonly values: Tree
  /** Variable that set a dotted path. */
  readonly variables: ReadonlyMap<string, string>
}

/** Variables without a double underscore (`NETMINDER_DATA_DIR`) are no configuration keys. @throws {CONFIG_UNKNOWN_KEY} */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>
): EnvironmentLayer {
  const values: Tree = {}
  const variables = new Map<string, string>()
  const problems: ConfigProblem[] = []
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable]
    if (text === undefined || !variable.startsWith(VARIABLE_PREFIX)) continue
    const words = variable.slice(VARIABLE_PREFIX.length).split('__')
    if (words.length < 2) continue
    const found = resolveWords(words)
    if (found === undefined) {
      problems.push({
        code: 'CONFIG_UNKNOWN_KEY',
        origin: `environment ${variable}`,
        keyPath: words.join('.').toLowerCase(),
        message: 'expected a key of the configuration, got one that does not exist'
      })
      continue
    }
    assign(values, found.path, readText(text, found.shape))
    variables.set(found.path.join('.'), variable)
  }
  const [first, ...rest] = problems
  if (first !== undefined) throw new ConfigError([first, ...rest])
  return { values: arraysOf(values) as Tree, variables }
}

function resolveWords(
  words: readonly string[]
): { path: readonly string[]; shape: Shape } | undefined {
  let shape = configShape()
  const path: string[] = []
  for (const word of words) {
    if (shape.items !== undefined) {
      if (!/^\d{1,2}$/.test(word) || Number(word) >= ELEMENTS_MAX) return undefined
      path.push(String(Number(word)))
      shape = shape.items
      continue
    }
    const wanted = word.replaceAll('_', '').toLowerCase()
    const entry = [...propertiesOf(shape)].find(([key]) => key.toLowerCase() === wanted)
    if (entry === undefined) return undefined
    path.push(entry[0])
    shape = entry[1]
  }
  return { path, shape }
}

/** What cannot be read as the wanted type stays text, and the schema then says what it expected. */
function readText(text: string, shape: Shape): unknown {
  if (shape.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if ((shape.type === 'integer' || shape.type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) {
    return Number(text)
  }
  if (shape.type === 'array') {
    const item = shape.items ?? {}
    if (text.trim() === '') return []
    if (item.type === undefined || item.type === 'object') return readJson(text)
    return text.split(',').map((part) => readText(part.trim(), item))
  }
  if (shape.type === 'object') return readJson(text)
  return text
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function assign(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree
  for (const key of path.slice(0, -1)) {
    const next = at[key]
    if (typeof next === 'object' && next !== null) at = next as Tree
    else {
      const made: Tree = {}
      at[key] = made
      at = made
    }
  }
  at[path.at(-1) ?? ''] = value
}

/** Tables whose keys are all numbers were arrays: their order is that of the numbers. */
function arraysOf(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, arraysOf(inner)] as const)
  if (entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key))) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, inner]) => inner)
  }
  return Object.fromEntries(entries)
}
