/** Everything about an event that takes a signature to know. Runs before the event touches any state: who forges leaves no trace. */
import {
  findAdmissionFault,
  type Network,
  type SignedNetworkEvent,
  signatureInput,
  type Verify
} from '../../wire/index.ts'
import type { AuthorBook } from './author-book.ts'
import { type Refusal, reject } from './verdict.ts'

export interface Authenticated {
  readonly event: SignedNetworkEvent
  /** Of an announce: whether its admission holds. */
  readonly isAdmitted: boolean
}

export type SignatureCheck =
  | { readonly authenticated: Authenticated; readonly refusal?: undefined }
  | { readonly authenticated?: undefined; readonly refusal: Refusal }

interface CheckPorts {
  readonly verify: Verify
  readonly network: Network
  readonly book: AuthorBook
}

export function checkSignatures(
  event: SignedNetworkEvent,
  ports: CheckPorts
): Promise<SignatureCheck> {
  return isSignedByAuthor(event, ports.verify).then((isSigned) => {
    if (!isSigned) return { refusal: reject('SIGNATURE_INVALID') }
    const { kind } = event.body
    // Of a flood these are most, and each promise would cost as much as looking at the signature's form.
    if (kind !== 'equivocation-proof' && kind !== 'node-announce') {
      return { authenticated: { event, isAdmitted: false } }
    }
    return checkContent(event, ports)
  })
}

async function checkContent(
  event: SignedNetworkEvent,
  { verify, network, book }: CheckPorts
): Promise<SignatureCheck> {
  const { body } = event
  if (body.kind === 'equivocation-proof') {
    const isProven =
      (await isSignedByAuthor(body.first, verify)) && (await isSignedByAuthor(body.second, verify))
    if (!isProven) return { refusal: reject('PROOF_SIGNATURE_INVALID') }
  }
  if (body.kind !== 'node-announce') return { authenticated: { event, isAdmitted: false } }
  const subject = {
    network,
    author: event.author,
    isRevoked: (kind: 'author' | 'invitation', key: Uint8Array) =>
      book.isRevoked(network.id, kind, key)
  }
  const fault = await findAdmissionFault(body.admission, subject, verify)
  return { authenticated: { event, isAdmitted: fault === undefined } }
}

function isSignedByAuthor(event: SignedNetworkEvent, verify: Verify): Promise<boolean> {
  return verify(event.author, signatureInput(event.payload), event.signature)
}
