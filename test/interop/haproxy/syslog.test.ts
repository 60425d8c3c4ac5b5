/** A real HAProxy sends its log straight to the node: over UDP, and through a ring over TCP and a UNIX stream socket. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { equal, is } from 'uvu/assert'
import type { RequestEvent } from '../../../src/keyserver/index.ts'
import { noHaproxy } from '../../support/haproxy.ts'
import { inTemporaryDirectory, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('the log of HAProxy over syslog', { skip: noHaproxy })

/** The stock format (contract §1.4). */
const FORMAT =
  '%ci:%cp [%t] %ft %b/%s %Tq/%Tw/%Tc/%Tr/%Tt %ST %U/%B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r'
const REQUESTS = 5
const noSocketActivate =
  spawnSync('systemd-socket-activate', ['--version']).status === 0
    ? undefined
    : 'systemd-socket-activate is not installed'

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

function configuration(parts: {
  log: string
  ring: string
  port: number
  backend: number
}): string {
  return `global
  ${parts.log}
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
${parts.ring}
frontend fe_plain
  bind 127.0.0.1:${parts.port}
  log global
  log-format "${FORMAT.replaceAll('"', '\\"')}"
  default_backend be_hockeypuck
backend be_hockeypuck
  server keyserver 127.0.0.1:${parts.backend}
`
}

const ring = (server: string, options = '') => `ring netminder
  format rfc5424
  maxlen 65000
  size 1000000
  timeout connect 5s
  timeout server 10s
  server node ${server} ${options}
`

interface Way {
  readonly name: string
  readonly listen: (directory: string) => string
  readonly sends: (target: { port: number; path: string }) => { log: string; ring: string }
  readonly skip?: string | undefined
}

const ways: readonly Way[] = [
  {
    name: 'UDP',
    listen: () => 'udp://127.0.0.1:0',
    sends: ({ port }) => ({
      log: `log 127.0.0.1:${port} len 65000 format rfc3164 local0`,
      ring: ''
    })
  },
  {
    name: 'TCP with octet counts',
    listen: () => 'tcp://127.0.0.1:0',
    sends: ({ port }) => ({
      log: 'log ring@netminder len 65000 format rfc5424 local0',
      ring: ring(`127.0.0.1:${port}`, 'log-proto octet-count')
    })
  },
  {
    name: 'TCP with line feeds',
    listen: () => 'tcp://127.0.0.1:0',
    sends: ({ port }) => ({
      log: 'log ring@netminder len 65000 format rfc5424 local0',
      ring: ring(`127.0.0.1:${port}`)
    })
  },
  {
    name: 'a UNIX stream socket',
    listen: (directory) => `unix://${join(directory, 'log.sock')}`,
    sends: ({ path }) => ({
      log: 'log ring@netminder len 65000 format rfc5424 local0',
      ring: ring(`unix@${path}`)
    })
  },
  {
    name: 'a UNIX datagram socket',
    listen: (directory) => `unix-dgram://${join(directory, 'log.sock')}`,
    sends: ({ path }) => ({ log: `log ${path} len 65000 format rfc3164 local0`, ring: '' }),
    skip: noSocketActivate
  }
]

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  await ended
}

for (const { name, listen, sends, skip } of ways) {
  test(
    `${name}: every request arrives, once`,
    () =>
      inTemporaryDirectory(async (directory) => {
        const backend = createServer((_, response) => response.end('ok'))
        const rig = new SourceRig()
        await rig.start({
          format: 'haproxy',
          transport: { kind: 'syslog', listen: listen(directory) }
        })
        const port = await freePort()
        const file = join(directory, 'haproxy.cfg')
        const target = { port: rig.status.port ?? 0, path: join(directory, 'log.sock') }
        const parts = { ...sends(target), port, backend: await listening(backend) }
        writeFileSync(file, configuration(parts))
        const haproxy = spawn('haproxy', ['-db', '-f', file], {
          stdio: ['ignore', 'ignore', 'pipe']
        })
        let talk = ''
        haproxy.stderr.setEncoding('utf8').on('data', (text: string) => {
          talk += text
        })
        try {
          const url = `http://127.0.0.1:${port}/pks/lookup?op=get&search=0x`
          await answered(url, () => `${haproxy.exitCode ?? ''} ${talk}`)
          for (let request = 0; request < REQUESTS; request++) await fetch(`${url}${request}`)
          await rig.until(() => requests(rig).length >= REQUESTS)
          equal(
            // HAProxy has several threads: who writes first is not who was asked first.
            requests(rig)
              .map(({ source, target: asked, status }) => [source, asked.slice(-1), status])
              .sort(),
            Array.from({ length: REQUESTS }, (_, number) => ['127.0.0.1', String(number), 200])
          )
          is(rig.unparsed.length, 0, JSON.stringify(rig.unparsed))
        } finally {
          await stopped(haproxy)
          backend.closeAllConnections()
          backend.close()
          await rig.stop()
        }
      }),
    { skip: skip ?? noHaproxy }
  )
}

const requests = (rig: SourceRig) =>
  rig.events.filter(
    (event): event is RequestEvent => event.kind === 'request' && /0x\d$/.test(event.target)
  )

async function answered(url: string, why: () => string): Promise<void> {
  const endMs = performance.now() + 10_000
  for (;;) {
    const isUp = await fetch(`${url}ready`).then(
      () => true,
      () => false
    )
    if (isUp) return
    if (performance.now() > endMs) throw new Error(`expected HAProxy to answer, got ${why()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
