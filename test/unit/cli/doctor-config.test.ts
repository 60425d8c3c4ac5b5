/** What doctor says of a configuration. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { isLoopback, judgeConfig, readConfig } from '../../../src/cli/doctor/config-checks.ts'
import { parseConfig } from '../../../src/config/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor: configuration')
const SOURCE = '[[sources]]\nname = "a"\nformat = "haproxy"\npath = "/var/log/haproxy.log"\n'
const codes = (text: string) =>
  judgeConfig(parseConfig(text, 'test'), '/d/netminder.toml').map(({ code }) => code)

for (const { name, text, expected } of [
  { name: 'a log that is followed', text: SOURCE, expected: [] },
  { name: 'no log at all', text: '', expected: ['NO_SOURCES'] },
  {
    name: 'only the log of Hockeypuck',
    text: SOURCE.replace('"haproxy"', '"hockeypuck"'),
    expected: ['NO_PROXY_LOG']
  },
  {
    name: 'reserved addresses judged as public',
    text: `${SOURCE}[detection]\ntreatAsPublic = ["127.88.0.0/16"]`,
    expected: ['TREAT_AS_PUBLIC']
  },
  {
    name: 'the API on every address',
    text: `${SOURCE}[api]\nhost = "0.0.0.0"`,
    expected: ['API_OPEN']
  },
  { name: 'the API on IPv6 loopback', text: `${SOURCE}[api]\nhost = "::1"`, expected: [] }
]) {
  test(`${name}: ${expected.join() || 'nothing'}`, () => equal(codes(text), expected))
}

test('knows loopback from what only looks like it', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost']) ok(isLoopback(host))
  for (const host of ['127.0.0.1.example', '0.0.0.0', '::', '128.0.0.1']) ok(!isLoopback(host))
})

test('names unknown keys and wrong values with their paths, each with its cure', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'netminder-doctor-'))
  try {
    const file = join(dataDir, 'netminder.toml')
    writeFileSync(file, 'colour = 1\n[api]\nprot = 2\n')
    const read = readConfig({ dataDir, configFile: undefined, tokenFile: undefined })
    const problems = 'problems' in read ? read.problems : []
    equal(problems.map(({ code, message }) => [code, message.split(': ')[1]]).sort(), [
      ['CONFIG_UNKNOWN_KEY', 'api.prot'],
      ['CONFIG_UNKNOWN_KEY', 'colour']
    ])
    match(problems[0]?.cure ?? '', /remove .* netminder config check --config /)
    writeFileSync(file, '[api]\nport = 70000\n')
    const wrong = readConfig({ dataDir, configFile: undefined, tokenFile: undefined })
    const [first] = 'problems' in wrong ? wrong.problems : []
    is(first?.code, 'CONFIG_INVALID_VALUE')
    match(first?.message ?? '', /api\.port: expected at most 65535, got 70000/)
    writeFileSync(file, '[api\n')
    const broken = readConfig({ dataDir, configFile: undefined, tokenFile: undefined })
    is('problems' in broken ? broken.problems[0]?.code : '', 'CONFIG_SYNTAX')
    writeFileSync(file, '[api]\nport = 0\n')
    ok('config' in readConfig({ dataDir, configFile: undefined, tokenFile: undefined }))
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
