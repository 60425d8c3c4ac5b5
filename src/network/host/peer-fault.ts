/** What an honest node never does on a stream, whoever opened it. Slowness, refusals and broken connections are no faults. */
import { DecodeError } from '../../wire/index.ts'
import { SyncError } from '../errors.ts'
import { FrameError } from './framed-stream.ts'

export function isPeerFault(error: unknown): boolean {
  if (error instanceof SyncError) return error.isFault
  // A node that is killed leaves a message half sent.
  if (error instanceof FrameError) return error.code === 'FRAME_TOO_LONG'
  return error instanceof DecodeError
}
