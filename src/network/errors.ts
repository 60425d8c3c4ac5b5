/** What can go wrong between nodes. */
import { NetminderError } from '../base/index.ts'
import type { NetworkErrorCode } from './network-api.ts'

export type SyncErrorCode =
  /** Not a frame, or one that breaks a limit; the cause says what. */
  | 'FRAME_INVALID'
  /** A frame about another kind than the one that is compared. */
  | 'KIND_UNEXPECTED'
  /** A frame with another number than the next one. */
  | 'ROUND_UNEXPECTED'
  /** The comparison of one kind did not end within its rounds. What was found until then is good. */
  | 'ROUNDS_EXCEEDED'
  /** The session took more bytes than it may. What was found until then is good. */
  | 'BYTES_EXCEEDED'
  /** To compare what the peer named with what is here took more than it may. What was found until then is good. */
  | 'ITEMS_EXCEEDED'
  /** The peer is gone. */
  | 'NOT_CONNECTED'
  /** The peer has too many sessions already. */
  | 'PEER_BUSY'
  /** The peer says that a limit is reached. */
  | 'PEER_LIMIT'
  /** An event for which nobody had asked, or that was given twice. */
  | 'EVENT_UNASKED'
  /** A frame after the end. */
  | 'SESSION_ENDED'

/** Why a reconciliation ended early. */
export class SyncError extends NetminderError<SyncErrorCode> {
  /** Whether the peer broke the protocol; the other codes can come of a large difference, or of load. */
  get isFault(): boolean {
    return (
      this.code === 'FRAME_INVALID' ||
      this.code === 'KIND_UNEXPECTED' ||
      this.code === 'ROUND_UNEXPECTED' ||
      this.code === 'SESSION_ENDED' ||
      this.code === 'EVENT_UNASKED'
    )
  }
}

/** Why the networks did not do what they were asked for; the codes are explained in network-api.ts. */
export class NetworkError extends NetminderError<NetworkErrorCode> {}
