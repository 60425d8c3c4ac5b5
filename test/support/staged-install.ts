/**
 * A checkout with nothing in it but what install.sh looks at, and a folder to install into: staged (DESTDIR), so that no user,
 * service or file of this machine is touched.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '..', '..')
/** Units that those of netminder pull in; without them systemd-analyze would complain about an empty system. */
const SYSTEM_UNITS = '/usr/lib/systemd/system'

export interface Run {
  readonly code: number | null
  readonly out: string
  readonly talk: string
}

export class StagedInstall {
  readonly folder = mkdtempSync(join(tmpdir(), 'netminder-install-'))
  readonly checkout = join(this.folder, 'checkout')
  readonly root = join(this.folder, 'root')
  /** What a keyserver beside the node has. */
  readonly log = join(this.folder, 'keyserver', 'log', 'haproxy.log')
  readonly lists = join(this.folder, 'keyserver', 'lists')
  readonly socket = join(this.folder, 'keyserver', 'run', 'admin.sock')
  #listener: Server | undefined

  async prepare(): Promise<void> {
    const from = (path: string) => join(REPOSITORY, path)
    const to = (path: string) => join(this.checkout, path)
    cpSync(from('scripts/install.sh'), to('scripts/install.sh'))
    cpSync(from('scripts/systemd'), to('scripts/systemd'), { recursive: true })
    for (const file of ['bin/netminder.js', 'package.json', 'package-lock.json']) {
      cpSync(from(file), to(file))
    }
    this.#write('checkout/dist/main.js', '// The compiled program.\n')
    this.#write('checkout/node_modules/koa/package.json', '{}\n')
    this.#write('checkout/node_modules/typescript/package.json', '{}\n')
    this.#write('checkout/node_modules/uvu/package.json', '{}\n')
    // Stands for the 120 MB of the real one.
    this.#write('checkout/node_modules/node/bin/node', `#!/bin/sh\nexec ${process.execPath} "$@"\n`)
    chmodSync(to('node_modules/node/bin/node'), 0o755)
    this.#write('keyserver/log/haproxy.log', '')
    mkdirSync(this.lists, { recursive: true })
    mkdirSync(join(this.socket, '..'), { recursive: true })
    mkdirSync(this.root)
    this.#listener = createServer()
    await new Promise<void>((resolve) => this.#listener?.listen(this.socket, resolve))
  }

  async dispose(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#listener === undefined) resolve()
      else this.#listener.close(() => resolve())
    })
    rmSync(this.folder, { recursive: true, force: true })
  }

  run(...args: readonly string[]): Run {
    const { status, stdout, stderr } = spawnSync(
      'bash',
      [join(this.checkout, 'scripts', 'install.sh'), ...args],
      { encoding: 'utf8', env: { ...process.env, DESTDIR: this.root } }
    )
    return { code: status, out: stdout, talk: stderr }
  }

  /** All options that a stock deployment needs. */
  get stockOptions(): string[] {
    return ['--log', this.log, '--haproxy-lists', this.lists, '--admin-socket', this.socket]
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  /** Every file below the root with its mode and content, but for the times. */
  files(): Map<string, string> {
    const found = new Map<string, string>()
    for (const entry of readdirSync(this.root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile()) continue
      const mode = (statSync(path).mode & 0o7777).toString(8)
      found.set(`/${relative(this.root, path)}`, `${mode} ${readFileSync(path, 'utf8')}`)
    }
    return found
  }

  exists(path: string): boolean {
    return existsSync(join(this.root, path))
  }

  /** `systemd-analyze` over the installed units, on a copy of the root that has the units of a system as well. */
  analyze(...args: readonly string[]): Run {
    const whole = join(this.folder, 'whole')
    rmSync(whole, { recursive: true, force: true })
    cpSync(this.root, whole, { recursive: true })
    cpSync(SYSTEM_UNITS, join(whole, SYSTEM_UNITS), { recursive: true, verbatimSymlinks: true })
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      [...args.slice(0, 1), `--root=${whole}`, ...args.slice(1)],
      { encoding: 'utf8' }
    )
    return { code: status, out: stdout, talk: stderr }
  }

  #write(path: string, content: string): void {
    const target = join(this.folder, path)
    mkdirSync(join(target, '..'), { recursive: true })
    writeFileSync(target, content)
  }
}
