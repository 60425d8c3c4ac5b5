import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import {
  type Config,
  ConfigError,
  configSchema,
  parseConfig,
  redactConfig,
  renderConfigExample,
  renderConfigReference,
  resolveDataDir,
  writeConfigOnce
} from '../../../src/config/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('configuration documents')
const root = join(import.meta.dirname, '../../..')

test('keeps config.example.toml current', () => {
  assert.is(readFileSync(join(root, 'config.example.toml'), 'utf8'), renderConfigExample())
})

test('keeps docs/CONFIG.md current', () => {
  assert.is(readFileSync(join(root, 'docs/CONFIG.md'), 'utf8'), renderConfigReference())
})

test('the example parses to the defaults', () => {
  assert.equal(parseConfig(renderConfigExample(), 'example'), configSchema.parse({}))
})

test('the examples of sources and actuators are valid once their comments are taken off', () => {
  const text = renderConfigExample().replaceAll(/^# (\[\[|\w+ = |# )/gm, '$1')
  const config = parseConfig(text, 'example')
  assert.equal(
    config.sources.map((source) => source.format),
    ['haproxy']
  )
  assert.equal(
    config.actuators.map((actuator) => actuator.kind),
    ['haproxy', 'plain-list', 'http-list']
  )
})

interface Described {
  readonly description?: string
  readonly properties?: Record<string, Described>
  readonly items?: Described
  readonly oneOf?: Described[]
}

test('describes every key in one sentence', () => {
  const missing: string[] = []
  const walk = (shape: Described, path: string) => {
    for (const [key, inner] of Object.entries(shape.properties ?? {})) {
      if (!/^[A-Z].*\.$/.test(inner.description ?? '')) missing.push(`${path}${key}`)
      walk(inner, `${path}${key}.`)
      for (const variant of inner.items?.oneOf ?? [inner.items ?? {}])
        walk(variant, `${path}${key}.`)
    }
  }
  walk(configSchema.toJSONSchema({ io: 'input' }) as Described, '')
  assert.equal(missing, [])
})

test('hides a password in an address', () => {
  const config = parseConfig('[keyserver]\nurl = "http://me:secret@127.0.0.1/"', 'x')
  const shown: Config = redactConfig(config)
  assert.is(shown.keyserver.url, 'http://[redacted]@127.0.0.1/')
  assert.is(shown.api.port, 11_380)
})

test('writes a configuration once and leaves what is there', () => {
  const directory = mkdtempSync(join(tmpdir(), 'netminder-config-'))
  try {
    const file = join(directory, 'new', 'netminder.toml')
    assert.is(
      writeConfigOnce(file, { node: { name: 'keys.example' }, api: { port: 11_999 } }),
      true
    )
    assert.is(statSync(file).mode & 0o777, 0o640)
    const config = parseConfig(readFileSync(file, 'utf8'), file)
    assert.is(config.api.port, 11_999)
    assert.is(config.node.name, 'keys.example')
    assert.is(writeConfigOnce(file, { api: { port: 1 } }), false)
    assert.is(parseConfig(readFileSync(file, 'utf8'), file).api.port, 11_999)
    const refused = join(directory, 'bad.toml')
    assert.throws(
      () => writeConfigOnce(refused, { api: { port: -1 } }),
      (error: unknown) => error instanceof ConfigError && error.code === 'CONFIG_INVALID_VALUE'
    )
    assert.is(existsSync(refused), false)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

const FACTS = { environment: {}, uid: 1000, userName: 'alice', homeDir: '/homes/alice' }
const DATA_DIRS = [
  {
    name: 'the option first',
    option: '/o',
    facts: { ...FACTS, environment: { NETMINDER_DATA_DIR: '/e' } },
    expected: '/o'
  },
  {
    name: 'the variable next',
    option: undefined,
    facts: { ...FACTS, environment: { NETMINDER_DATA_DIR: '/e' } },
    expected: '/e'
  },
  {
    name: 'the system directory for root',
    option: undefined,
    facts: { ...FACTS, uid: 0, userName: 'root' },
    expected: '/var/lib/netminder'
  },
  {
    name: 'the system directory for the service user',
    option: undefined,
    facts: { ...FACTS, userName: 'netminder' },
    expected: '/var/lib/netminder'
  },
  {
    name: 'the home of anybody else',
    option: undefined,
    facts: FACTS,
    expected: `${FACTS.homeDir}/.local/share/netminder`
  },
  {
    name: 'XDG_DATA_HOME where it is set',
    option: undefined,
    facts: { ...FACTS, environment: { XDG_DATA_HOME: '/x' } },
    expected: '/x/netminder'
  },
  {
    name: 'no relative XDG_DATA_HOME',
    option: undefined,
    facts: { ...FACTS, environment: { XDG_DATA_HOME: 'x' } },
    expected: `${FACTS.homeDir}/.local/share/netminder`
  }
]

for (const { name, option, facts, expected } of DATA_DIRS) {
  test(`the data directory: ${name}`, () => {
    assert.is(resolveDataDir(option, facts), expected)
  })
}
