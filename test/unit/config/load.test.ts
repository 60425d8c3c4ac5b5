import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ConfigError, loadConfig, parseConfig } from '../../../src/config/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('loadConfig')
let directory = ''

test.beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netminder-config-'))
})
test.afterEach(() => rmSync(directory, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

function failure(run: () => unknown): ConfigError {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('expected a ConfigError')
}

function portOf(options: Partial<Parameters<typeof loadConfig>[0]> = {}): number {
  return loadConfig({ dataDir: directory, environment: {}, ...options }).config.api.port
}

test('takes the defaults from an empty directory', () => {
  const { config, files } = loadConfig({ dataDir: directory, environment: {} })
  assert.equal(files, [])
  assert.is(config.api.port, 11_380)
  assert.is(config.api.host, '127.0.0.1')
  assert.equal(config.defense.banLadderMs, [1_800_000, 7_200_000, 28_800_000, 86_400_000])
})

test('lets each layer override the one below it', () => {
  assert.is(portOf(), 11_380)
  write('netminder.toml', '[api]\nport = 1\n')
  assert.is(portOf(), 1)
  write('netminder.local.toml', '[api]\nport = 2\n')
  assert.is(portOf(), 2)
  const environment = { NETMINDER_API__PORT: '3' }
  assert.is(portOf({ environment }), 3)
  assert.is(portOf({ environment, flags: { 'api.port': 4 } }), 4)
  assert.is(portOf({ environment, flags: { 'api.port': undefined } }), 3)
})

test('merges tables key by key and replaces arrays', () => {
  write('netminder.toml', '[api]\nport = 1\nallowedHosts = ["a", "b"]\n')
  write('netminder.local.toml', '[api]\nallowedHosts = ["c"]\n')
  const { config } = loadConfig({ dataDir: directory, environment: {} })
  assert.is(config.api.port, 1)
  assert.equal(config.api.allowedHosts, ['c'])
})

test('names the file and the path of every unknown key and every bad value at once', () => {
  const main = write('netminder.toml', 'bogus = 1\n[api]\nprot = 2\nport = 70000\n')
  const local = write(
    'netminder.local.toml',
    '[[sources]]\nname = "a"\nformat = "apache"\nzone = "UTC"\npath = "x"\n'
  )
  const error = failure(() => loadConfig({ dataDir: directory, environment: {} }))
  const found = error.problems.map(({ code, origin, keyPath }) => ({ code, origin, keyPath }))
  for (const expected of [
    { code: 'CONFIG_UNKNOWN_KEY', origin: main, keyPath: 'bogus' },
    { code: 'CONFIG_UNKNOWN_KEY', origin: main, keyPath: 'api.prot' },
    { code: 'CONFIG_INVALID_VALUE', origin: main, keyPath: 'api.port' },
    { code: 'CONFIG_INVALID_VALUE', origin: local, keyPath: 'sources.0.format' },
    { code: 'CONFIG_UNKNOWN_KEY', origin: local, keyPath: 'sources.0.zone' }
  ]) {
    assert.ok(
      found.some((problem) => JSON.stringify(problem) === JSON.stringify(expected)),
      `${JSON.stringify(expected)} among ${JSON.stringify(found)}`
    )
  }
  assert.is(found.length, 5)
  assert.match(error.message, 'api.port: expected at most 65535, got 70000')
})

const BAD_VALUES = [
  {
    name: 'a text for a number',
    text: '[api]\nport = "80"',
    path: 'api.port',
    say: /integer|number/
  },
  { name: 'a fraction', text: '[api]\nport = 80.5', path: 'api.port', say: /integer|int/ },
  { name: 'a port below zero', text: '[api]\nport = -1', path: 'api.port', say: /at least 0/ },
  {
    name: 'a level that does not exist',
    text: '[log]\nlevel = "loud"',
    path: 'log.level',
    say: /one of "error"/
  },
  {
    name: 'a name that the networks do not take',
    text: `[node]\nname = "${'n'.repeat(65)}"`,
    path: 'node.name',
    say: /at most 64 bytes/
  },
  {
    name: 'a bad prefix',
    text: '[defense]\nprotect = ["10.1"]',
    path: 'defense.protect.0',
    say: /prefix/
  },
  {
    name: 'an empty ladder',
    text: '[defense]\nbanLadderMs = []',
    path: 'defense.banLadderMs',
    say: /at least 1/
  },
  {
    name: 'a table where a value belongs',
    text: '[api.port]\na = 1',
    path: 'api.port',
    say: /got a table/
  },
  {
    name: 'a zone that does not exist',
    text: '[[sources]]\nname = "a"\nformat = "haproxy"\npath = "x"\ntimeZone = "Mars"',
    path: 'sources.0.timeZone',
    say: /UTC/
  },
  {
    name: 'a file source without a path',
    text: '[[sources]]\nname = "a"\nformat = "haproxy"',
    path: 'sources.0.path',
    say: /expected path/
  },
  {
    name: 'a syslog source without an address',
    text: '[[sources]]\nname = "a"\nformat = "haproxy"\nkind = "syslog"',
    path: 'sources.0.listen',
    say: /expected listen/
  },
  {
    name: 'a file source that listens',
    text: '[[sources]]\nname = "a"\nformat = "haproxy"\npath = "x"\nlisten = "udp://127.0.0.1:514"',
    path: 'sources.0.listen',
    say: /no listen/
  },
  {
    name: 'two sources of one name',
    text: '[[sources]]\nname = "a"\nformat = "haproxy"\npath = "x"\n[[sources]]\nname = "a"\nformat = "nginx"\npath = "y"',
    path: 'sources',
    say: /differ/
  },
  {
    name: 'an actuator of an unknown kind',
    text: '[[actuators]]\nkind = "x"\nname = "a"',
    path: 'actuators.0.kind',
    say: /haproxy/
  },
  {
    name: 'a key of another kind of actuator',
    text: '[[actuators]]\nkind = "plain-list"\nname = "a"\nlistPath = "x"\nsocket = "y"',
    path: 'actuators.0.socket',
    say: /does not exist/
  },
  {
    name: 'an address that is none',
    text: '[keyserver]\nurl = "file:///etc/passwd"',
    path: 'keyserver.url',
    say: /http/
  },
  {
    name: 'a key of the prototype',
    text: '[__proto__]\nisAdmin = true',
    path: '__proto__',
    say: /does not exist/
  }
]

for (const { name, text, path, say } of BAD_VALUES) {
  test(`refuses ${name} and says where`, () => {
    const error = failure(() => parseConfig(text, 'x.toml'))
    assert.is(error.problems[0]?.keyPath, path)
    assert.is(error.problems[0]?.origin, 'x.toml')
    assert.match(error.message, say)
    assert.match(error.message, /expected .*, got /)
  })
}

test('accepts addresses of tests in detection.treatAsPublic', () => {
  const config = parseConfig('[detection]\ntreatAsPublic = ["127.0.0.0/8"]', 'x.toml')
  assert.equal(config.detection.treatAsPublic, ['127.0.0.0/8'])
})

test('says line and column of what is no TOML', () => {
  const error = failure(() => parseConfig('[api]\nport = = 1\n', 'x.toml'))
  assert.is(error.code, 'CONFIG_SYNTAX')
  assert.match(error.message, /line 2, column 8/)
})

test('refuses a file that is named and missing, a directory, and a giant', () => {
  const missing = join(directory, 'none.toml')
  const folder = join(directory, 'folder.toml')
  mkdirSync(folder)
  const giant = write('giant.toml', '#'.repeat(2_000_000))
  for (const configFile of [missing, folder, giant]) {
    const error = failure(() => loadConfig({ dataDir: directory, configFile, environment: {} }))
    assert.is(error.code, 'CONFIG_UNREADABLE')
    assert.match(error.message, configFile)
  }
})

test('reads the local file beside a named one', () => {
  const configFile = write('other.toml', '[api]\nport = 5\n')
  write('other.local.toml', '[api]\nhost = "::1"\n')
  const { config, files } = loadConfig({ dataDir: '/none', configFile, environment: {} })
  assert.is(config.api.port, 5)
  assert.is(config.api.host, '::1')
  assert.is(files.length, 2)
})

test('takes relative paths from the data directory', () => {
  write(
    'netminder.toml',
    '[[sources]]\nname = "a"\nformat = "haproxy"\npath = "a.log"\n[[sources]]\nname = "b"\nformat = "haproxy"\npath = "/b.log"\n'
  )
  const { config } = loadConfig({ dataDir: directory, environment: {} })
  assert.is(config.sources[0]?.path, join(directory, 'a.log'))
  assert.is(config.sources[1]?.path, '/b.log')
  assert.is(config.api.socketPath, join(directory, 'api.sock'))
})

test('reads numbers, truth values, lists and elements of arrays from the environment', () => {
  write('netminder.toml', '')
  const { config } = loadConfig({
    dataDir: directory,
    environment: {
      NETMINDER_DATA_DIR: '/elsewhere',
      NETMINDER_API__REQUEST_TIMEOUT_MS: '2500',
      NETMINDER_METRICS__ISPUBLIC: 'true',
      NETMINDER_DEFENSE__PROTECT: '192.0.2.1, 2001:db8::/32',
      NETMINDER_DEFENSE__SSH_PORTS: '22,2222',
      NETMINDER_SOURCES__1__NAME: 'second',
      NETMINDER_SOURCES__1__FORMAT: 'nginx',
      NETMINDER_SOURCES__1__PATH: '/b.log',
      NETMINDER_SOURCES__0__NAME: 'first',
      NETMINDER_SOURCES__0__FORMAT: 'haproxy',
      NETMINDER_SOURCES__0__PATH: '/a.log',
      NETMINDER_ACTUATORS: '[]'
    }
  })
  assert.is(config.api.requestTimeoutMs, 2_500)
  assert.is(config.metrics.isPublic, true)
  assert.equal(config.defense.protect, ['192.0.2.1', '2001:db8::/32'])
  assert.equal(config.defense.sshPorts, [22, 2222])
  assert.equal(
    config.sources.map((source) => source.name),
    ['first', 'second']
  )
})

test('names the variable of an unknown key and of a bad value', () => {
  const unknown = failure(() =>
    loadConfig({ dataDir: directory, environment: { NETMINDER_API__PROT: '1' } })
  )
  assert.is(unknown.code, 'CONFIG_UNKNOWN_KEY')
  assert.match(unknown.message, 'NETMINDER_API__PROT')
  const bad = failure(() =>
    loadConfig({ dataDir: directory, environment: { NETMINDER_API__PORT: 'http' } })
  )
  assert.is(bad.code, 'CONFIG_INVALID_VALUE')
  assert.match(bad.message, 'environment NETMINDER_API__PORT: api.port: expected')
})

test('names the command line for a bad flag', () => {
  const error = failure(() =>
    loadConfig({ dataDir: directory, environment: {}, flags: { 'api.port': 99_999 } })
  )
  assert.is(error.problems[0]?.origin, 'command line')
})
