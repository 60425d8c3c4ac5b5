/** Access control lists by the real setfacl, in a folder of the test. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match } from 'uvu/assert'
import { suite } from '../../support/suite.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'scripts', 'systemd', 'grant-access.sh')
/** Exists on every system and owns nothing. */
const USER = 'nobody'

function missing(): string | undefined {
  if (spawnSync('setfacl', ['--version']).status !== 0) return 'setfacl is not installed'
  const folder = mkdtempSync(join(tmpdir(), 'netminder-acl-'))
  try {
    const { status } = spawnSync('setfacl', ['-m', `u:${USER}:r--`, folder])
    return status === 0 ? undefined : 'a file system with access lists is not installed'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const test = suite('access to the files of a keyserver', { skip: missing() })

interface Place {
  readonly folder: string
  grant(
    entries: readonly (readonly [string, string])[],
    ...args: string[]
  ): { code: number | null; talk: string }
  /** Effective permissions of the user. */
  may(path: string): string
}

async function placed(play: (place: Place) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netminder-access-'))
  const grants = join(folder, 'access')
  try {
    await play({
      folder,
      grant(entries, ...args) {
        writeFileSync(
          grants,
          `# Comment.\n${entries.map((entry) => entry.join('\t')).join('\n')}\n`
        )
        const { status, stderr } = spawnSync('sh', [SCRIPT, ...args], {
          encoding: 'utf8',
          env: { ...process.env, NETMINDER_ACCESS_USER: USER, NETMINDER_ACCESS_FILE: grants }
        })
        return { code: status, talk: stderr }
      },
      may(path) {
        const { stdout } = spawnSync('getfacl', ['-cpe', '--', join(folder, path)], {
          encoding: 'utf8'
        })
        return new RegExp(`^user:${USER}:.*#effective:(...)$`, 'm').exec(stdout)?.[1] ?? 'none'
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('opens a log and the way to it, and takes it back', () =>
  placed(({ folder, grant, may }) => {
    const log = join(folder, 'var', 'log', 'haproxy.log')
    mkdirSync(join(log, '..'), { recursive: true, mode: 0o750 })
    writeFileSync(log, '', { mode: 0o640 })
    chmodSync(join(folder, 'var'), 0o750)
    equal(grant([['log', log]]), { code: 0, talk: '' })
    equal(['.', 'var', 'var/log', 'var/log/haproxy.log'].map(may), ['--x', '--x', 'r-x', 'r--'])
    equal(grant([['log', log]]), { code: 0, talk: '' })
    is(grant([['log', log]], '--revoke').code, 0)
    equal(['var', 'var/log', 'var/log/haproxy.log'].map(may), ['none', 'none', 'none'])
  }))

test('opens a log that was rotated, and one whose mask a chmod has narrowed', () =>
  placed(({ folder, grant, may }) => {
    const log = join(folder, 'haproxy.log')
    writeFileSync(log, '', { mode: 0o640 })
    grant([['log', log]])
    renameSync(log, `${log}.1`)
    writeFileSync(log, '', { mode: 0o640 })
    is(may('haproxy.log'), 'none')
    grant([['log', log]])
    is(may('haproxy.log'), 'r--')
    chmodSync(log, 0o600)
    is(may('haproxy.log'), '---')
    grant([['log', log]])
    is(may('haproxy.log'), 'r--')
  }))

test('opens an admin socket and the folder of the lists', () =>
  placed(async ({ folder, grant, may }) => {
    const socket = join(folder, 'admin.sock')
    const lists = join(folder, 'lists')
    mkdirSync(lists, { mode: 0o755 })
    writeFileSync(join(lists, 'blacklist.list'), '', { mode: 0o600 })
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    chmodSync(socket, 0o660)
    try {
      equal(
        grant([
          ['socket', socket],
          ['lists', lists]
        ]),
        { code: 0, talk: '' }
      )
      equal(['admin.sock', 'lists', 'lists/blacklist.list'].map(may), ['rw-', 'rwx', 'r--'])
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()))
    }
  }))

test('says what it cannot open and opens the rest', () =>
  placed(({ folder, grant, may }) => {
    const log = join(folder, 'haproxy.log')
    const link = join(folder, 'link.log')
    writeFileSync(log, '', { mode: 0o640 })
    symlinkSync('/etc/passwd', link)
    const { code, talk } = grant([
      ['log', join(folder, 'gone.log')],
      ['socket', log],
      ['log', link],
      ['nonsense', 'x'],
      ['log', log]
    ])
    is(code, 75)
    match(talk, /expected a log file at .*gone\.log/)
    match(talk, /expected a socket at .*haproxy\.log/)
    match(talk, /expected .*link\.log to be no symbolic link/)
    match(talk, /got "nonsense"/)
    is(may('haproxy.log'), 'r--')
  }))

test('does nothing where nothing was asked for', () =>
  placed(({ grant }) => {
    equal(grant([]), { code: 0, talk: '' })
  }))
