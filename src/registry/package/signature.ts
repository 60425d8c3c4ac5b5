/**
 * The signature of a manifest: Ed25519 over a domain, and the manifest without its signature as `JSON.stringify` writes what its
 * schema read, so that neither spaces nor line ends nor the order of members matter.
 */
import { createPublicKey, verify } from 'node:crypto'
import { ModelError } from '../../runtime/index.ts'
import type { Signer } from '../../wire/index.ts'
import { type Manifest, manifestSchema } from './manifest.ts'

const DOMAIN = 'netminder-model-manifest/1\n'
/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in its DER form. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const KEY_BYTES = 32

function signedBytes(manifest: Manifest): Uint8Array {
  // Members in the order of the schema, whatever the order in which they were written.
  const { signature: _, ...rest } = manifestSchema.parse(manifest)
  return new TextEncoder().encode(DOMAIN + JSON.stringify(rest))
}

export function signManifest(manifest: Manifest, signer: Signer): Manifest {
  const value = Buffer.from(signer.sign(signedBytes(manifest))).toString('base64')
  const publicKey = Buffer.from(signer.publicKey).toString('base64')
  return { ...manifest, signature: { publicKey, value } }
}

/**
 * @param trusted keys of those whose packages are taken; anybody's if it is not given
 * @throws {SIGNATURE_INVALID | SIGNATURE_FOREIGN}
 */
export function checkSignature(manifest: Manifest, trusted?: readonly Uint8Array[]): void {
  const { signature } = manifest
  if (signature === undefined) return
  const key = Buffer.from(signature.publicKey, 'base64')
  if (key.length !== KEY_BYTES || !holds(manifest, key, signature.value)) {
    throw new ModelError(
      'SIGNATURE_INVALID',
      'expected a signature over this very manifest, got one that does not hold'
    )
  }
  if (trusted === undefined || trusted.some((own) => key.equals(own))) return
  throw new ModelError(
    'SIGNATURE_FOREIGN',
    `expected a package signed by this node, got one signed by ${signature.publicKey}`
  )
}

function holds(manifest: Manifest, key: Buffer, value: string): boolean {
  try {
    const der = Buffer.concat([SPKI_PREFIX, key])
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
    return verify(null, signedBytes(manifest), publicKey, Buffer.from(value, 'base64'))
  } catch {
    return false
  }
}
