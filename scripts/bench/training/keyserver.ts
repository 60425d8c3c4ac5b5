/** A stand-in for a keyserver: each lookup costs it some work, as reading and writing a certificate does. Prints its port. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** About half a millisecond of one core. */
const WORK_BYTES = 400_000
const CERTIFICATE = Buffer.alloc(20_000, 'mQINBF')
const work = Buffer.alloc(WORK_BYTES)

const server = createServer((request, response) => {
  const tag = createHash('sha256')
    .update(work)
    .update(request.url ?? '')
    .digest('hex')
  response.setHeader('Content-Type', 'application/pgp-keys')
  response.setHeader('ETag', `"${tag}"`)
  response.end(CERTIFICATE)
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
