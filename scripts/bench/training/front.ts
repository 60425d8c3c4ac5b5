/** HAProxy in front of the stand-in, as a keyserver has it; without HAProxy the stand-in alone. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Keyserver {
  readonly url: string
  /** What it consists of. */
  readonly words: string
  stop(): Promise<void>
}

const KEYSERVER = join(import.meta.dirname, 'keyserver.ts')
const PROGRAM = 'haproxy'

export async function startKeyserver(): Promise<Keyserver> {
  const folder = mkdtempSync(join(tmpdir(), 'netminder-impact-'))
  const back = spawn(process.execPath, [KEYSERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(back.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  const hasHaproxy = spawnSync(PROGRAM, ['-v']).status === 0
  const frontPort = hasHaproxy ? await freePort() : port
  const front = hasHaproxy ? startHaproxy(folder, frontPort, port) : undefined
  await sleep(1_000)
  return {
    url: `http://127.0.0.1:${frontPort}`,
    words: hasHaproxy ? 'HAProxy and a stand-in for the keyserver' : 'a stand-in for the keyserver',
    async stop() {
      await Promise.all([back, ...(front === undefined ? [] : [front])].map(end))
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function startHaproxy(folder: string, port: number, backendPort: number): ChildProcess {
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend in
  bind 127.0.0.1:${port}
  default_backend keyserver
backend keyserver
  server one 127.0.0.1:${backendPort}
`
  )
  return spawn(PROGRAM, ['-db', '-f', file], { stdio: 'ignore' })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
