/** What can go wrong at a keyserver's logs and at the places where decisions are carried out. */
import { NetminderError } from '../base/index.ts'

export type KeyserverErrorCode =
  /** The log or pipe is not there; reading goes on as soon as it is. */
  | 'SOURCE_MISSING'
  /** A directory stands where the log should be. */
  | 'SOURCE_IS_DIRECTORY'
  /** A FIFO, socket or device stands where a log file should be, or a file where a FIFO should be. */
  | 'SOURCE_WRONG_KIND'
  /** The log may not be read by this user. */
  | 'SOURCE_NOT_READABLE'
  /** Reading failed for another reason, named in the message. */
  | 'SOURCE_READ_FAILED'
  /** The syslog listener could not be opened. */
  | 'SOURCE_LISTEN_FAILED'
  /** The options of a source contradict each other. */
  | 'SOURCE_OPTIONS_INVALID'
  /** Neither a name of the time zone database nor an offset such as +02:00. */
  | 'TIME_ZONE_INVALID'
  /** Not one line of a log could be read. */
  | 'LOG_NOT_PARSABLE'
  /** HAProxy's admin socket cannot be connected to. */
  | 'HAPROXY_UNREACHABLE'
  /** HAProxy did not answer in full within the time limit. */
  | 'HAPROXY_TIMED_OUT'
  /** The answer was cut off or too long. */
  | 'HAPROXY_ANSWER_INVALID'
  /** HAProxy complained about a command. */
  | 'HAPROXY_REFUSED'
  /** HAProxy has not loaded the list, or has no such table. */
  | 'HAPROXY_SETUP_MISSING'
  /** A list file cannot be read. */
  | 'LIST_UNREADABLE'
  /** A list file cannot be replaced. */
  | 'LIST_UNWRITABLE'
  /** The record of what an actuator holds cannot be read or written. */
  | 'RECORD_UNUSABLE'
  /** Another process keeps changing the same actuator. */
  | 'RECORD_BUSY'

export class KeyserverError extends NetminderError<KeyserverErrorCode> {}
