/**
 * What a Markdown document claims, and whether the program agrees: links, paths, command lines, TOML, metrics, error codes,
 * keys and API paths. Each check takes the text and what is true, and returns one sentence for each fault.
 */
import { parse as parseToml } from 'smol-toml'

export interface Document {
  /** Path from the root of the repository. */
  readonly path: string
  readonly text: string
}

export interface Block {
  readonly language: string
  readonly lines: readonly string[]
}

/** Fenced blocks, and the text around them. */
export function splitBlocks(text: string): { prose: string; blocks: readonly Block[] } {
  const prose: string[] = []
  const blocks: { language: string; lines: string[] }[] = []
  let open: { language: string; lines: string[] } | undefined
  for (const line of text.split('\n')) {
    const fence = /^\s*```(\w*)/.exec(line)
    if (fence !== null && open === undefined) open = { language: fence[1] ?? '', lines: [] }
    else if (fence !== null && open !== undefined) {
      blocks.push(open)
      open = undefined
    } else if (open === undefined) prose.push(line)
    else open.lines.push(line)
  }
  return { prose: prose.join('\n'), blocks }
}

export function inlineCode(prose: string): readonly string[] {
  return [...prose.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? '').replaceAll('\n', ' '))
}

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}

export function anchorsOf(text: string): ReadonlySet<string> {
  const { prose } = splitBlocks(text)
  return new Set([...prose.matchAll(/^#{1,6}\s+(.+)$/gm)].map((match) => anchorOf(match[1] ?? '')))
}

export interface Files {
  exists(path: string): boolean
  read(path: string): string
}

/** Targets are resolved from the folder of the document. */
export function findBrokenLinks(document: Document, files: Files): readonly string[] {
  const { prose } = splitBlocks(document.text)
  const targets = [
    ...prose.matchAll(/\]\(([^)\s]+)\)/g),
    ...prose.matchAll(/^\[[^\]]+\]:\s+(\S+)$/gm)
  ].map((match) => match[1] ?? '')
  return targets.flatMap((target) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#', 2)
    const path = resolveFrom(document.path, file)
    if (file !== '' && !files.exists(path)) return [`links to ${target}, which is not there`]
    if (anchor === undefined) return []
    if (anchorsOf(file === '' ? document.text : files.read(path)).has(anchor)) return []
    return [`links to ${target}, whose heading is not there`]
  })
}

function resolveFrom(documentPath: string, target: string): string {
  const parts = documentPath.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}

/** Paths of the repository, wherever they are mentioned; what has a placeholder or a star in it is none. */
export function findMissingPaths(document: Document, files: Files): readonly string[] {
  const mentioned = document.text.matchAll(
    /(?<![\w./-])(?:src|scripts|test|bin|protocols|docs|\.ci)\/[\w./-]*[\w/](?![\w*<{…-])/g
  )
  const missing = [...mentioned].map(([path]) => path).filter((path) => !files.exists(path))
  return [...new Set(missing)].map((path) => `mentions ${path}, which is not there`)
}

export interface Facts {
  readonly metrics: ReadonlySet<string>
  readonly errorCodes: ReadonlySet<string>
  readonly configKeys: ReadonlySet<string>
  readonly apiPaths: ReadonlySet<string>
}

export function findUnknownMetrics(text: string, { metrics }: Facts): readonly string[] {
  const names = [...text.matchAll(/\bnetminder_[a-z_]+/g)].map(([name]) => name)
  return [...new Set(names)]
    .filter(
      (name) => !metrics.has(name) && !metrics.has(name.replace(/_(?:bucket|sum|count)$/, ''))
    )
    .map((name) => `names the metric ${name}, which the program does not have`)
}

/** Names of other programs' settings and our own environment are written in the same way. */
const ENVIRONMENT = /^(?:NETMINDER|HAP|XDG|TOR|SCMP|KEYSERVER|DESTDIR)_/

export function findUnknownCodes(document: Document, { errorCodes }: Facts): readonly string[] {
  const codes = inlineCode(splitBlocks(document.text).prose).filter(
    (code) => /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(code) && !ENVIRONMENT.test(code)
  )
  return [...new Set(codes)]
    .filter((code) => !errorCodes.has(code))
    .map((code) => `names the code ${code}, which the program does not have`)
}

export function findUnknownKeys(document: Document, { configKeys }: Facts): readonly string[] {
  const sections = new Set([...configKeys].map((key) => key.split('.', 1)[0] ?? ''))
  const keys = inlineCode(splitBlocks(document.text).prose).flatMap((code) => {
    const match = /^([a-z]+)\.([a-z][A-Za-z]+)(?: = .*)?$/.exec(code)
    const [, section = '', key = ''] = match ?? []
    // File names such as `store.ts` have the same shape.
    return sections.has(section) && !/^(?:ts|md|toml|json|sh|db)$/.test(key)
      ? [`${section}.${key}`]
      : []
  })
  return [...new Set(keys)]
    .filter((key) => !configKeys.has(key))
    .map((key) => `names the key ${key}, which the configuration does not have`)
}

export function findUnknownApiPaths(document: Document, { apiPaths }: Facts): readonly string[] {
  const paths = [...document.text.matchAll(/(?<![\w.])\/api\/[a-z][\w/{}-]*/g)].map(
    ([path]) => path
  )
  return [...new Set(paths)]
    .filter((path) => !apiPaths.has(path))
    .map((path) => `names the API path ${path}, which the contract does not have`)
}

/** @param parseConfig throws what is wrong with the parsed table */
export function findBadToml(
  document: Document,
  parseConfig: (table: unknown) => void
): readonly string[] {
  const { blocks } = splitBlocks(document.text)
  return blocks
    .filter((block) => block.language === 'toml')
    .flatMap(({ lines }) => {
      try {
        parseConfig(parseToml(lines.join('\n')))
        return []
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        return [`has TOML that is refused: ${reason.replaceAll(/\s+/g, ' ')}`]
      }
    })
}

/** Single commands of the `sh` blocks, as words, without prompt, comment, sudo and the parts that pipe and chain. */
export function shellCommands(text: string): readonly (readonly string[])[] {
  const { blocks } = splitBlocks(text)
  return blocks
    .filter((block) => block.language === 'sh')
    .flatMap(({ lines }) =>
      lines
        .join('\n')
        .replaceAll(/\\\n\s*/g, '')
        .split('\n')
    )
    .flatMap((line) => splitWords(line.replace(/^\s*\$ /, '')))
    .map(withoutPrefix)
    .filter((words) => words.length > 0)
}

const SEPARATORS: ReadonlySet<string> = new Set(['&&', '||', '|', ';', '>', '>>', '<'])

function splitWords(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  for (const [, double, single, bare] of line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    if (bare?.startsWith('#')) break
    const word = double ?? single ?? bare ?? ''
    if (bare !== undefined && SEPARATORS.has(bare)) commands.push([])
    else commands.at(-1)?.push(word)
  }
  return commands
}

function withoutPrefix(words: readonly string[]): readonly string[] {
  const [first, second] = words
  if (first === 'sudo') return withoutPrefix(words.slice(second === '-u' ? 3 : 1))
  if (first !== undefined && /^[A-Z_]+=/.test(first)) return withoutPrefix(words.slice(1))
  return words
}

/** The words after `netminder`, however it is started; undefined for another program. */
export function netminderArguments(words: readonly string[]): readonly string[] | undefined {
  const [first, second, third] = words
  if (first === 'netminder' || first === 'bin/netminder.js') return words.slice(1)
  if (first === 'npx' && second === 'netminder') return words.slice(2)
  if (first === 'node' && second === 'bin/netminder.js') return words.slice(2)
  if (first === 'npm' && second === 'run' && third === 'demo') {
    return ['demo', ...words.slice(3).filter((word, index) => index > 0 || word !== '--')]
  }
  return undefined
}
