/** Generates the example file and the reference page from the schema. */
import { stringify } from 'smol-toml'
import { formatDuration } from '../base/index.ts'
import { configShape, propertiesOf, type Shape, variantsOf } from './shape.ts'

const EXAMPLE_HEAD = `# netminder: every key with its default.
# Relative paths are taken from the data directory. netminder.local.toml beside this file, NETMINDER_SECTION__KEY in the
# environment, and the command line override it, in this order.
`

/** Complete entries for the arrays of tables, which have no defaults: how the stock Hockeypuck deployment looks. */
const ARRAY_EXAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  sources: { name: 'haproxy', format: 'haproxy', path: '/var/log/haproxy.log' },
  'actuators.haproxy': {
    name: 'haproxy',
    listPath: '/etc/haproxy/lists/blacklist.list',
    socket: '/run/haproxy/admin.sock'
  },
  'actuators.plain-list': { name: 'list', listPath: 'banned.list' },
  'actuators.http-list': { name: 'http' }
}

/** The whole of `config.example.toml`: it parses to the defaults, since the arrays of tables stand in comments. */
export function renderConfigExample(): string {
  const blocks = [EXAMPLE_HEAD.trimEnd()]
  for (const [section, shape] of propertiesOf(configShape())) {
    blocks.push(
      shape.type === 'array' ? arrayExample(section, shape) : tableExample(section, shape)
    )
  }
  return `${blocks.join('\n\n')}\n`
}

function tableExample(section: string, shape: Shape): string {
  const lines = [`# ${shape.description ?? ''}`, `[${section}]`]
  for (const [key, inner] of propertiesOf(shape)) {
    lines.push(`# ${inner.description ?? ''}${boundsSuffix(inner)}`)
    lines.push(`${key} = ${tomlValue(inner.default)}`)
  }
  return lines.join('\n')
}

function arrayExample(section: string, shape: Shape): string {
  const blocks = [`# ${shape.description ?? ''}`]
  for (const variant of variantsOf(shape.items ?? {})) {
    const kind = variant.properties?.['kind']?.const
    const example =
      ARRAY_EXAMPLES[kind === undefined ? section : `${section}.${String(kind)}`] ?? {}
    const lines = [`# [[${section}]]`]
    for (const [key, inner] of Object.entries(variant.properties ?? {})) {
      const value = example[key] ?? inner.const ?? inner.default
      lines.push(`# # ${inner.description ?? ''}${boundsSuffix(inner)}`)
      lines.push(value === undefined ? `# # ${key} = …` : `# ${key} = ${tomlValue(value)}`)
    }
    blocks.push(lines.join('\n'))
  }
  return blocks.join('\n#\n')
}

function tomlValue(value: unknown): string {
  return stringify({ value })
    .trim()
    .replace(/^value = /, '')
}

function boundsSuffix(shape: Shape): string {
  const bounds = boundsOf(shape)
  return bounds === '' ? '' : ` (${bounds})`
}

function boundsOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map((value) => `"${String(value)}"`).join(', ')
  if (shape.minimum !== undefined && shape.maximum !== undefined) {
    return `${shape.minimum} to ${shape.maximum}`
  }
  if (shape.type === 'array' && shape.maxItems !== undefined) {
    const each = shape.items === undefined ? '' : boundsOf(shape.items)
    const count = `${shape.minItems ?? 0} to ${shape.maxItems} elements`
    return each === '' ? count : `${count}, each ${each}`
  }
  return ''
}

const REFERENCE_HEAD = `# Configuration

Generated from the schema by \`npm run generate\`; do not edit.

The file is \`netminder.toml\` in the data directory, or the file named by \`--config\`. Later wins:

1. the defaults below
2. \`netminder.toml\`
3. \`netminder.local.toml\` beside it
4. environment variables \`NETMINDER_SECTION__KEY\`, such as \`NETMINDER_API__PORT=11381\`, \`NETMINDER_SOURCES__0__PATH=/var/log/haproxy.log\` or, for lists, \`NETMINDER_DEFENSE__PROTECT=192.0.2.1,198.51.100.0/24\`
5. options of the command line

A table is merged key by key; an array (\`[[sources]]\`, a list) replaces the one below. An unknown key or a bad value stops the
program with exit code 78 and names the file and the key. Relative paths are taken from the data directory. Secrets are
never values of the configuration. \`netminder config check\` validates, \`netminder config show\` prints what is in effect.
`

/** The whole of `docs/CONFIG.md`. */
export function renderConfigReference(): string {
  const parts = [REFERENCE_HEAD.trimEnd()]
  for (const [section, shape] of propertiesOf(configShape())) {
    const isArray = shape.type === 'array'
    parts.push(
      `## ${isArray ? `\`[[${section}]]\`` : `\`[${section}]\``}\n\n${shape.description ?? ''}`
    )
    for (const table of isArray ? variantsOf(shape.items ?? {}) : [shape]) {
      const kind = table.properties?.['kind']?.const
      if (kind !== undefined) parts.push(`### \`kind = "${String(kind)}"\``)
      parts.push(referenceTable(table))
    }
  }
  return `${parts.join('\n\n')}\n`
}

function referenceTable(table: Shape): string {
  const rows = Object.entries(table.properties ?? {}).map(([key, inner]) => {
    const bounds = boundsOf(inner) || (inner.const === undefined ? '' : `"${String(inner.const)}"`)
    return `| \`${key}\` | ${typeOf(inner)} | ${defaultOf(key, inner, table)} | ${bounds} | ${inner.description ?? ''} |`
  })
  return ['| key | type | default | allowed | meaning |', '|---|---|---|---|---|', ...rows].join(
    '\n'
  )
}

function typeOf(shape: Shape): string {
  return shape.type === 'array'
    ? `list of ${shape.items?.type ?? 'tables'}`
    : (shape.type ?? 'text')
}

function defaultOf(key: string, shape: Shape, table: Shape): string {
  if (shape.default === undefined) return table.required?.includes(key) ? 'required' : 'none'
  const text = `\`${tomlValue(shape.default)}\``
  if (!key.endsWith('Ms')) return text
  const durations = [shape.default].flat().map((value) => formatDuration(Number(value)))
  return `${text} (${durations.join(', ')})`
}
