import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import { declareApiMetrics } from '../../../src/api/index.ts'
import { ConnectionGuard } from '../../../src/api/server/connection-guard.ts'
import { NullMetricsRegister } from '../../../src/telemetry/index.ts'
import { rawConnection } from '../../support/raw-http.ts'
import { suite } from '../../support/suite.ts'

const test = suite('ConnectionGuard')

/** More than the kernel takes for a reader that does not read. */
const LONG_ANSWER = Buffer.alloc(32 * 1_048_576, 'x')

async function serving(
  requestTimeoutMs: number,
  use: (server: Server, port: number) => Promise<void>
) {
  const guard = new ConnectionGuard(
    { maxConnections: 4, requestTimeoutMs, answerBytesPerMs: 1_000_000 },
    declareApiMetrics(new NullMetricsRegister())
  )
  const answer = async (_: IncomingMessage, response: ServerResponse) => {
    response.end(LONG_ANSWER)
  }
  const server = guard.createServer(answer, false)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(server, (server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

function connectionCount(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

test('ends the connection of a client that does not take its answer', async () => {
  await serving(100, async (server, port) => {
    const client = await rawConnection({ port })
    client.socket.pause()
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const began = performance.now()
    while ((await connectionCount(server)) > 0 && performance.now() - began < 10_000) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.is(await connectionCount(server), 0)
    client.socket.destroy()
  })
})

test('lets a client that reads take the whole of a long answer', async () => {
  await serving(5_000, async (_, port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`)
    assert.is((await response.arrayBuffer()).byteLength, LONG_ANSWER.length)
  })
})
