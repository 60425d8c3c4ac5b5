/** Ed25519 verification by node:crypto as plain as can be; the node's own keeps keys and uses a pool. */
import { createPublicKey, verify } from 'node:crypto'
import type { Verify } from '../../src/wire/index.ts'

/** RFC 8410: what stands before the 32 bytes in DER. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export const verifyPlainly: Verify = async (key, data, signature) => {
  const der = Buffer.concat([SPKI_PREFIX, key])
  return verify(null, data, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}
