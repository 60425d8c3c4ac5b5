/** What handlers get and give: the contract's types, and text where the contract offers it. */

import type { Actor } from '../../defense/index.ts'
import type { OperationId, OperationRequest, OperationResponse } from '../contract/contract.ts'

export interface Caller {
  /** `token:<name>`, or `socket` for a reader on the UNIX socket. */
  readonly actor: Actor
}

export interface HandlerContext extends Caller {
  readonly nowMs: number
  /** Aborts when the client has gone or the API stops. */
  readonly signal: AbortSignal
  /** The body of an endpoint with an upload, bounded in length and time; of no use to others. */
  readonly upload: AsyncIterable<Uint8Array>
  /** The revision that a write names in `If-Match`; undefined where it takes whichever there is (`*`, or no header). */
  readonly revision: number | undefined
  /** The first of the offered media types that the client accepts, or undefined. */
  accepts(offered: readonly string[]): string | undefined
}

/** A body that is no JSON. */
export class TextAnswer {
  readonly contentType: string
  readonly text: string
  /** Whether it gets an ETag, and 304 for a client that has it already. */
  readonly hasEtag: boolean

  constructor(contentType: string, text: string, options: { readonly hasEtag?: boolean } = {}) {
    this.contentType = contentType
    this.text = text
    this.hasEtag = options.hasEtag ?? false
  }
}

/** A body that is made while it is sent. */
export class StreamAnswer {
  readonly contentType: string
  readonly chunks: AsyncIterable<Uint8Array>

  constructor(contentType: string, chunks: AsyncIterable<Uint8Array>) {
    this.contentType = contentType
    this.chunks = chunks
  }
}

/** JSON of something that others may change meanwhile. */
export class RevisedAnswer<T> {
  readonly body: T
  readonly revision: number

  constructor(body: T, revision: number) {
    this.body = body
    this.revision = revision
  }
}

/** JSON of something that was made, and where it is found. */
export class LocatedAnswer<T> {
  readonly body: T
  readonly location: string

  constructor(body: T, location: string) {
    this.body = body
    this.location = location
  }
}

/** The event stream takes over its connection and has a handler of its own. */
export type HandledId = Exclude<OperationId, 'streamEvents'>

export type Handler<Id extends OperationId> = (
  request: OperationRequest<Id>,
  context: HandlerContext
) => Answer<Id> | Promise<Answer<Id>>

type Answer<Id extends OperationId> =
  | OperationResponse<Id>
  | RevisedAnswer<OperationResponse<Id>>
  | LocatedAnswer<OperationResponse<Id>>
  | TextAnswer
  | StreamAnswer

export type Handlers = { readonly [Id in HandledId]: Handler<Id> }
