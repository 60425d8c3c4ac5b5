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

/** The event stream takes over its connection and has a handler of its own. */
export type HandledId = Exclude<OperationId, 'streamEvents'>

export type Handler<Id extends OperationId> = (
  request: OperationRequest<Id>,
  context: HandlerContext
) => OperationResponse<Id> | TextAnswer | Promise<OperationResponse<Id> | TextAnswer>

export type Handlers = { readonly [Id in HandledId]: Handler<Id> }
