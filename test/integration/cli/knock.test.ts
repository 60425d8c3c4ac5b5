import { createServer, type Server } from 'node:net'
import { equal, is, match } from 'uvu/assert'
import { knockAt, placeOf } from '../../../src/cli/doctor/knock.ts'
import { suite } from '../../support/suite.ts'

const test = suite('knocking at multiaddrs')
const never = new AbortController().signal

async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return { server, port: address.port }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

test('tells who answers from who does not, and why', async () => {
  const { server, port } = await listening()
  const gone = await listening()
  await close(gone.server)
  const [open, name, closed, unknown] = await knockAt(
    [
      `/ip4/127.0.0.1/tcp/${port}/p2p/12D3KooWGRUacWGiHsX7rP6BFXrmP2mLeCyDwmuUYv6gPNP7qKMv`,
      `/dns4/localhost/tcp/${port}`,
      `/ip4/127.0.0.1/tcp/${gone.port}`,
      '/dns4/nobody.invalid/tcp/1'
    ],
    never
  )
  is(open?.failure, undefined)
  is(name?.failure, undefined)
  is(closed?.failure, 'ECONNREFUSED')
  match(unknown?.failure ?? '', /^(?:ENOTFOUND|EAI_\w+)$/)
  await close(server)
})

test('knocks nowhere but over TCP, at no port 0, and not without end', async () => {
  equal(
    await knockAt(
      [
        '/ip4/127.0.0.1/udp/9/quic-v1',
        '/ip4/127.0.0.1/tcp/0',
        '/ip4/127.0.0.1/tcp/9/p2p/12D3/p2p-circuit',
        'nonsense'
      ],
      never
    ),
    []
  )
  const { server, port } = await listening()
  const many = Array.from({ length: 100 }, () => `/ip4/127.0.0.1/tcp/${port}`)
  is((await knockAt(many, never)).length, 32)
  await close(server)
})

test('ends when it is told to', async () => {
  const [knock] = await knockAt(['/ip4/127.0.0.1/tcp/9'], AbortSignal.abort())
  match(knock?.failure ?? '', 'no answer')
})

test('reads host and port', () => {
  equal(placeOf('/ip6/2001:db8::1/tcp/11390'), { host: '2001:db8::1', port: 11_390 })
  equal(placeOf('/dns/keys.example/tcp/1/p2p/12D3'), { host: 'keys.example', port: 1 })
  is(placeOf('/ip4/8.8.8.8/tcp/123456'), undefined)
})
