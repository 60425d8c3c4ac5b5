/** Who this node is: one Ed25519 key, under which it speaks and by which libp2p knows it. Where the key lies is a port. */
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromPublicKey } from '@libp2p/peer-id'
import { KEY_BYTES, type Signer, signerFromSeed } from '../../wire/index.ts'
import { NetworkError } from '../errors.ts'

const SEED_PATTERN = /^[0-9a-f]{64}$/

/** A file of one line, made once, atomically, readable by its owner alone; one that others can read is refused. */
export interface KeyFile {
  readonly path: string
  /** @throws {StorageError} */
  readOrCreate(makeText: () => string): string
}

export interface Identity {
  readonly signer: Signer
  readonly privateKey: Ed25519PrivateKey
  readonly peerId: PeerId
}

/** @throws {StorageError | KEY_FILE_INVALID} */
export async function loadIdentity(
  file: KeyFile,
  randomBytes: (length: number) => Uint8Array
): Promise<Identity> {
  const text = file.readOrCreate(() => Buffer.from(randomBytes(KEY_BYTES)).toString('hex'))
  if (!SEED_PATTERN.test(text)) {
    throw new NetworkError(
      'KEY_FILE_INVALID',
      `expected a key of 64 hexadecimal digits in ${file.path}, got ${text.length} other characters: put the file of your backup in its place, or remove it to become another node`
    )
  }
  return identityFromSeed(new Uint8Array(Buffer.from(text, 'hex')))
}

export async function identityFromSeed(seed: Uint8Array): Promise<Identity> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed)
  return { signer: signerFromSeed(seed), privateKey, peerId: peerIdFromPrivateKey(privateKey) }
}

/** Author and peer are the same key. Undefined if the bytes are no key. */
export function findPeerOfAuthor(author: Uint8Array): PeerId | undefined {
  try {
    return peerIdFromPublicKey(publicKeyFromRaw(author))
  } catch {
    return undefined
  }
}
