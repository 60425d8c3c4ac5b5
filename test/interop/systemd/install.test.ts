import { spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, not, ok } from 'uvu/assert'
import { parseConfig } from '../../../src/config/index.ts'
import { StagedInstall } from '../../support/staged-install.ts'
import { suite } from '../../support/suite.ts'

const test = suite('install.sh')
const has = (program: string, ...args: string[]) => spawnSync(program, args).status === 0
const noAnalyze = has('systemd-analyze', '--version')
  ? undefined
  : 'systemd-analyze is not installed'
const noAcl = has('setfacl', '--version') ? undefined : 'setfacl is not installed'
const noDebian = has('grep', '-qE', '^ID(_LIKE)?=.*(debian|ubuntu)', '/etc/os-release')
  ? undefined
  : 'Debian is not installed'
const UNITS = ['netminder.service', 'netminder-sweep.service', 'netminder-sweep.timer']
const ACCESS_UNITS = ['netminder-access.service', 'netminder-access.path']
/** As systemd 252 counts: 10 is a service without any protection. */
const EXPOSURE_MAX = 2.5

async function staged(play: (stage: StagedInstall) => void): Promise<void> {
  const stage = new StagedInstall()
  try {
    await stage.prepare()
    play(stage)
  } finally {
    await stage.dispose()
  }
}

/** A scene that needs what install.sh itself needs on the machine. */
function scene(
  title: string,
  play: (stage: StagedInstall) => void,
  missing: string | undefined = undefined
): void {
  test(title, () => staged(play), { skip: noDebian ?? noAcl ?? missing })
}

test('every shell script is free of syntax errors', () => {
  const scripts = join(import.meta.dirname, '..', '..', '..', 'scripts')
  const bash = ['install.sh', 'systemd/settings.sh']
  const sh = ['systemd/grant-access.sh']
  const all = readdirSync(scripts, { recursive: true, encoding: 'utf8' })
  equal(all.filter((file) => file.endsWith('.sh')).sort(), [...bash, ...sh].sort())
  for (const [shell, files] of [
    ['bash', bash],
    ['sh', sh]
  ] as const) {
    for (const file of files) {
      is(spawnSync(shell, ['-n', join(scripts, file)], { encoding: 'utf8' }).stderr, '')
    }
  }
})

scene(
  'systemd accepts every unit, with all options and with none',
  (stage) => {
    is(stage.run().code, 0)
    equal(stage.analyze('verify', '--man=no', ...UNITS), { code: 0, out: '', talk: '' })
    is(stage.run(...stage.stockOptions).code, 0)
    equal(stage.analyze('verify', '--man=no', ...UNITS, ...ACCESS_UNITS), {
      code: 0,
      out: '',
      talk: ''
    })
  },
  noAnalyze
)

scene(
  'systemd refuses a unit that is broken',
  (stage) => {
    stage.run()
    appendFileSync(
      join(stage.root, 'etc/systemd/system/netminder.service'),
      '[Service]\nExecStart=relative\n'
    )
    const { code, talk } = stage.analyze('verify', '--man=no', ...UNITS)
    ok(code !== 0 || talk !== '')
  },
  noAnalyze
)

scene(
  'the sandbox leaves little open',
  (stage) => {
    stage.run(...stage.stockOptions)
    for (const unit of ['netminder.service', 'netminder-sweep.service']) {
      const { out } = stage.analyze('security', '--offline=yes', '--no-pager', unit)
      const exposure = Number(/exposure level for \S+: (\d+\.\d)/.exec(out)?.[1] ?? Number.NaN)
      ok(exposure <= EXPOSURE_MAX, `expected at most ${EXPOSURE_MAX}, got ${exposure} for ${unit}`)
    }
  },
  noAnalyze
)

scene('the unit is what the design asks for', (stage) => {
  stage.run()
  const unit = stage.read('etc/systemd/system/netminder.service')
  for (const line of [
    'Type=notify',
    'WatchdogSec=30',
    'User=netminder',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'StateDirectory=netminder',
    'StateDirectoryMode=0700',
    'ReadWritePaths=/var/lib/netminder'
  ]) {
    ok(unit.split('\n').includes(line), line)
  }
  match(unit, /^ExecStopPost=-.* actuators sweep --data-dir \/var\/lib\/netminder$/m)
  match(unit, /^ExecStart=\/opt\/netminder\/node_modules\/node\/bin\/node .* start --data-dir/m)
  match(stage.read('etc/systemd/system/netminder-sweep.timer'), /^OnUnitActiveSec=60s$/m)
  const written = [...stage.files()].filter(([path]) => !path.startsWith('/opt/'))
  not.match(written.join('\n'), /@[A-Z_]+@/)
})

scene('copies the program without what only its developers need', (stage) => {
  stage.run()
  ok(stage.exists('opt/netminder/dist/main.js'))
  ok(stage.exists('opt/netminder/node_modules/koa/package.json'))
  ok(stage.exists('opt/netminder/node_modules/node/bin/node'))
  is(stage.exists('opt/netminder/node_modules/typescript'), false)
  is(stage.exists('opt/netminder/node_modules/uvu'), false)
})

scene('writes the drop-in and the access that stock permissions need', (stage) => {
  is(stage.run(...stage.stockOptions).code, 0)
  for (const unit of ['netminder', 'netminder-sweep']) {
    const dropIn = stage.read(`etc/systemd/system/${unit}.service.d/10-keyserver.conf`)
    // The test's folder lies in /tmp, which the sandbox hides: what is needed of it is mounted in.
    match(dropIn, new RegExp(`^BindPaths=-${stage.lists}$`, 'm'))
    match(dropIn, new RegExp(`^BindReadOnlyPaths=-${join(stage.log, '..')}$`, 'm'))
    match(dropIn, new RegExp(`^BindReadOnlyPaths=-${join(stage.socket, '..')}$`, 'm'))
  }
  const access = stage.read('etc/netminder/access')
  match(access, new RegExp(`^log\t${stage.log}$`, 'm'))
  match(access, new RegExp(`^socket\t${stage.socket}$`, 'm'))
  match(access, new RegExp(`^lists\t${stage.lists}$`, 'm'))
})

scene('writes a configuration that the program accepts', (stage) => {
  stage.run(
    ...[...stage.stockOptions, '--log', 'docker:keyserver-haproxy-1', '--hockeypuck-log'],
    ...['docker:keyserver-hockeypuck-1', '--keyserver-url', 'http://127.0.0.1:11371']
  )
  const config = parseConfig(stage.read('var/lib/netminder/netminder.toml'), 'netminder.toml')
  equal(
    config.sources.map(({ name, format, kind, path }) => [name, format, kind, path]),
    [
      ['haproxy', 'haproxy', 'file', stage.log],
      ['haproxy-2', 'haproxy', 'docker-json', '/run/netminder-access/keyserver-haproxy-1.log'],
      [
        'hockeypuck',
        'hockeypuck',
        'docker-json',
        '/run/netminder-access/keyserver-hockeypuck-1.log'
      ]
    ]
  )
  is(config.keyserver.url, 'http://127.0.0.1:11371')
  equal(
    config.actuators.map((actuator) => actuator.kind),
    ['haproxy']
  )
})

scene('a second run changes nothing, one with other options changes what they say', (stage) => {
  stage.run(...stage.stockOptions)
  const first = stage.files()
  is(stage.run(...stage.stockOptions).code, 0)
  equal(stage.files(), first)
  is(stage.run().code, 0)
  equal(stage.files(), first)
  const own = '[api]\nport = 11999\n'
  writeFileSync(join(stage.root, 'var/lib/netminder/netminder.toml'), own)
  const { talk } = stage.run('--admin-socket', '127.0.0.1:9999')
  match(talk, /netminder\.toml stays as it is/)
  is(stage.read('var/lib/netminder/netminder.toml'), own)
  is(stage.exists('etc/systemd/system/netminder-access.path'), false)
})

scene('an upgrade replaces the program and keeps settings and data', (stage) => {
  stage.run(...stage.stockOptions)
  writeFileSync(join(stage.root, 'var/lib/netminder/netminder.db'), 'what the node knows')
  writeFileSync(join(stage.checkout, 'dist/main.js'), '// The next version.\n')
  const before = stage.files()
  is(stage.run('upgrade').code, 0)
  const after = stage.files()
  match(after.get('/opt/netminder/dist/main.js') ?? '', /next version/)
  before.delete('/opt/netminder/dist/main.js')
  after.delete('/opt/netminder/dist/main.js')
  equal(after, before)
})

scene('removal leaves the data, --purge leaves nothing', (stage) => {
  stage.run(...stage.stockOptions)
  is(stage.run('remove').code, 0)
  equal([...stage.files().keys()], ['/var/lib/netminder/netminder.toml'])
  stage.run(...stage.stockOptions)
  is(stage.run('remove', '--purge').code, 0)
  equal([...stage.files().keys()], [])
  is(stage.exists('opt/netminder'), false)
  is(stage.exists('etc/netminder'), false)
  is(stage.exists('etc/systemd/system/netminder.service.d'), false)
  is(stage.run('remove').code, 66)
})

scene("removal keeps the operator's own drop-ins", (stage) => {
  stage.run()
  const own = 'etc/systemd/system/netminder.service.d/override.conf'
  writeFileSync(join(stage.root, own), '[Service]\nMemoryMax=2G\n')
  is(stage.run('remove', '--purge').code, 0)
  equal([...stage.files().keys()], [`/${own}`])
})

scene('--dry-run shows everything and touches nothing', (stage) => {
  const { code, out } = stage.run('--dry-run', ...stage.stockOptions)
  is(code, 0)
  equal([...stage.files().keys()], [])
  for (const path of [
    '/etc/systemd/system/netminder.service',
    '/etc/netminder/access',
    '/var/lib/netminder/netminder.toml',
    '/usr/local/bin/netminder'
  ]) {
    ok(out.includes(`would write: ${path}`), path)
  }
  match(out, /would copy: .* to \/opt\/netminder/)
  match(out, /systemctl restart netminder\.service/)
  stage.run(...stage.stockOptions)
  const before = stage.files()
  is(stage.run('remove', '--purge', '--dry-run').code, 0)
  equal(stage.files(), before)
})

const refusals: readonly (readonly [readonly string[], number, RegExp])[] = [
  [['frobnicate'], 64, /expected install, upgrade or remove, got "frobnicate"/],
  [['--bogus'], 64, /expected an option, got "--bogus"/],
  [['--log'], 64, /expected a value after --log/],
  [['--log', 'relative.log'], 64, /expected an absolute path .* after --log, got "relative\.log"/],
  [['--log', '/var/log/a b.log'], 64, /expected an absolute path/],
  [['--log', '/var/log/$(id).log'], 64, /expected an absolute path/],
  [['--log', '/nowhere/haproxy.log'], 66, /expected a log file at .*, got nothing/],
  [['--log', '/etc'], 66, /expected a log file at \/etc, got a directory/],
  [['--haproxy-lists', '/nowhere'], 66, /expected a directory at \/nowhere, got nothing/],
  [['--admin-socket', 'nonsense'], 64, /expected a path or HOST:PORT/],
  [['--admin-socket', '127.0.0.1:9999'], 64, /expected --haproxy-lists with --admin-socket/],
  [['--keyserver-url', 'ftp://x'], 64, /expected an http or https address/],
  [['--prefix', '/usr'], 64, /expected a folder of its own for --prefix/],
  [['--data-dir', join('/home', 'me', 'netminder')], 64, /outside homes and \/tmp/],
  [['--purge'], 64, /belong to remove/],
  [['upgrade', '--log', '/x'], 64, /expected no --log with upgrade/],
  [['upgrade'], 66, /expected an installed netminder, got none/],
  [['remove'], 66, /expected an installed netminder, got none/]
]
scene('refuses what it does not understand in one sentence, and writes nothing', (stage) => {
  for (const [args, code, sentence] of refusals) {
    const result = stage.run(...args)
    const name = args.join(' ')
    is(result.code, code, `${name}: ${result.talk}`)
    match(result.talk, sentence, name)
    is(result.talk.trimEnd().split('\n').length, 1, name)
    equal([...stage.files().keys()], [], name)
  }
})

scene('refuses a checkout that was not built, and a prefix that is not its own', (stage) => {
  writeFileSync(join(stage.folder, 'other'), '')
  is(stage.run('--prefix', stage.checkout).code, 64)
  stage.run('--prefix', '/srv/netminder')
  rmSync(join(stage.root, 'srv/netminder/.installed-by-netminder'))
  is(stage.run().code, 73)
  rmSync(join(stage.checkout, 'dist'), { recursive: true })
  const { code, talk } = stage.run('--prefix', '/opt/other')
  is(code, 73)
  match(talk, /expected the prefix of the installation that is here, \/srv\/netminder/)
})

scene('refuses what was not compiled', (stage) => {
  rmSync(join(stage.checkout, 'dist'), { recursive: true })
  const { code, talk } = stage.run()
  is(code, 69)
  match(talk, /run "npm ci" there first/)
})
