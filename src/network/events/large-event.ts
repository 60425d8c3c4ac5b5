/** A large event costs most to read: that is done last, and only for an author who may say it. */
import { type EventHead, signatureInput, type Verify } from '../../wire/index.ts'
import type { EventVia } from '../ports.ts'
import type { AuthorBook } from './author-book.ts'
import { readBody } from './first-look.ts'
import type { SignatureCheck } from './signature-check.ts'
import { ignore, reject } from './verdict.ts'

export async function checkLarge(
  head: EventHead,
  {
    verify,
    book,
    via
  }: { readonly verify: Verify; readonly book: AuthorBook; readonly via: EventVia }
): Promise<SignatureCheck> {
  const isSigned = await verify(head.author, signatureInput(head.payload), head.signature)
  if (!isSigned) return { refusal: reject('SIGNATURE_INVALID') }
  // Whoever says two things under one number must not lie unseen behind his quota; and what is fetched may take another's place.
  const author = via === 'gossip' ? book.find(head.network, head.author) : undefined
  if (author !== undefined && !author.spent.has(head.seq)) {
    const charge = { kind: head.kind, tsMs: head.tsMs, accused: 0 }
    if (!author.ledger.hasRoom(charge, author.record.level)) {
      return { refusal: ignore('QUOTA_EXCEEDED') }
    }
  }
  const { event, refusal } = readBody(head)
  return refusal === undefined ? { authenticated: { event, isAdmitted: false } } : { refusal }
}
