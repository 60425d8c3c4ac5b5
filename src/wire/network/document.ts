/** What a network is: a document that its founder signed. Its id is a digest of it, so nobody can pass another off under the id. */
import { sha256 } from '../bytes.ts'
import { isWellFormedKey, isWellFormedSignature } from '../ed25519.ts'
import { expectThat } from '../errors.ts'
import {
  checkCount,
  checkLength,
  checkRange,
  own,
  parse,
  readText,
  readTime,
  textBytes
} from '../fields.ts'
import { NetworkDocument, SignedNetworkDocument } from '../generated/invitation.ts'
import {
  FOUNDERS_MAX,
  NETWORK_DOCUMENT_BYTES_MAX,
  NETWORK_ID_BYTES,
  NETWORK_NAME_BYTES_MAX,
  NONCE_BYTES
} from '../limits.ts'
import type { Signer, Verify } from '../ports.ts'
import { signatureInput } from '../signature-input.ts'

const DOCUMENT_VERSION = 1
/** Who lets newcomers in: whoever holds an invitation, or founders alone. Position is the number on the wire, from 1. */
export const ADMISSION_POLICIES = ['invitation', 'founder'] as const
export type AdmissionPolicy = (typeof ADMISSION_POLICIES)[number]

export interface NetworkFields {
  readonly name: string
  /** Public keys; the first one signs. */
  readonly founders: readonly Uint8Array[]
  readonly policy: AdmissionPolicy
  readonly createdAtMs: number
  /** 16 bytes: two networks of one name and founder differ. */
  readonly nonce: Uint8Array
}

export interface Network extends NetworkFields {
  /** First 16 bytes of the SHA-256 of the document. */
  readonly id: Uint8Array
  /** The document and its signature, as stored and passed on. */
  readonly bytes: Uint8Array
  readonly document: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Signs with the first founder's key.
 *
 * @throws {DecodeError} if others would refuse the document
 */
export function makeNetwork(fields: NetworkFields, founder: Signer): Network {
  const document = NetworkDocument.encode({
    version: DOCUMENT_VERSION,
    name: textBytes(fields.name),
    founders: fields.founders.map(own),
    policy: ADMISSION_POLICIES.indexOf(fields.policy) + 1,
    createdAtMs: BigInt(fields.createdAtMs),
    nonce: own(fields.nonce)
  })
  const signature = own(founder.sign(signatureInput(document, 'network')))
  return decodeNetwork(SignedNetworkDocument.encode({ document, signature }))
}

/** @throws {DecodeError} The signature is NOT checked: see `isFoundedBySigner`. */
export function decodeNetwork(bytes: Uint8Array): Network {
  expectThat(
    bytes.length <= NETWORK_DOCUMENT_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${NETWORK_DOCUMENT_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const { document, signature } = parse(() => SignedNetworkDocument.decode(bytes))
  expectThat(isWellFormedSignature(signature), 'SIGNATURE_MALFORMED', 'expected a sound signature')
  const message = parse(() =>
    NetworkDocument.decode(document, { limits: { founders: FOUNDERS_MAX } })
  )
  expectThat(
    message.version === DOCUMENT_VERSION,
    'VERSION_UNSUPPORTED',
    `expected version ${DOCUMENT_VERSION}, got ${message.version}`
  )
  const name = readText(message.name, NETWORK_NAME_BYTES_MAX, 'name')
  expectThat(name.trim() === name && name !== '', 'TEXT_INVALID', 'expected a name', {})
  checkCount(message.founders, [1, FOUNDERS_MAX], 'founders')
  for (const founder of message.founders) {
    expectThat(isWellFormedKey(founder), 'KEY_INVALID', 'expected an Ed25519 public key')
  }
  const policy =
    ADMISSION_POLICIES[checkRange(message.policy, [1, ADMISSION_POLICIES.length], 'policy') - 1]
  expectThat(policy !== undefined, 'FIELD_INVALID', 'expected a policy')
  return {
    id: sha256(document).subarray(0, NETWORK_ID_BYTES),
    name,
    founders: message.founders,
    policy,
    createdAtMs: readTime(message.createdAtMs, 'created_at_ms'),
    nonce: checkLength(message.nonce, NONCE_BYTES, 'nonce'),
    bytes,
    document,
    signature
  }
}

/** Whether the first founder signed the document. */
export async function isFoundedBySigner(network: Network, verify: Verify): Promise<boolean> {
  const [founder] = network.founders
  return (
    founder !== undefined &&
    (await verify(founder, signatureInput(network.document, 'network'), network.signature))
  )
}
