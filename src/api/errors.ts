/** What the API answers when it does not do what was asked: every code with its HTTP status and one sentence. */
import { type ErrorContext, NetminderError } from '../base/index.ts'

/** Codes of other rooms that a caller can act on stand here too; the message of any other error never leaves the node. */
export const API_ERRORS = {
  REQUEST_INVALID: { status: 400, text: 'The request does not match the contract.' },
  REQUEST_MALFORMED: { status: 400, text: 'The request is no HTTP/1.1, or its body no JSON.' },
  ADDRESS_INVALID: { status: 400, text: 'An address or prefix cannot be read.' },
  CURSOR_INVALID: { status: 400, text: 'The cursor was not given out by this node.' },
  TOKEN_MISSING: { status: 401, text: 'A bearer token is needed.' },
  TOKEN_UNKNOWN: { status: 401, text: 'The token is not known.' },
  TOKEN_EXPIRED: { status: 401, text: 'The token has expired.' },
  TOKEN_REVOKED: { status: 401, text: 'The token was revoked.' },
  SCOPE_MISSING: { status: 403, text: 'The token has not the scope that is needed.' },
  HOST_NOT_ALLOWED: { status: 403, text: 'The Host header names none of this node.' },
  ORIGIN_NOT_ALLOWED: { status: 403, text: 'The request comes from a web page of another site.' },
  ROUTE_NOT_FOUND: { status: 404, text: 'There is nothing at this path.' },
  DECISION_NOT_FOUND: { status: 404, text: 'There is no decision of this id.' },
  ENTRY_NOT_FOUND: { status: 404, text: 'The list has no such entry.' },
  TOKEN_NOT_FOUND: { status: 404, text: 'There is no token of this id.' },
  LABEL_NOT_FOUND: { status: 404, text: 'There is no label of this id.' },
  ALERT_NOT_FOUND: { status: 404, text: 'No alert that stands has this id.' },
  NETWORK_NOT_JOINED: { status: 404, text: 'The node is in no network of this id.' },
  NETWORK_OFF: { status: 404, text: 'Networks are turned off.' },
  MODEL_NOT_FOUND: { status: 404, text: 'There is no model of this id.' },
  JOB_NOT_FOUND: { status: 404, text: 'There is no training of this id.' },
  TRAINING_OFF: { status: 409, text: 'Trainings are turned off.' },
  METRICS_OFF: { status: 404, text: 'Metrics are turned off.' },
  METHOD_NOT_ALLOWED: { status: 405, text: 'The path does not know this method.' },
  NOT_ACCEPTABLE: { status: 406, text: 'There is no answer in a media type that is accepted.' },
  REQUEST_TIMED_OUT: { status: 408, text: 'The request took too long to arrive.' },
  DECISION_NOT_ACTIVE: { status: 409, text: 'The decision has ended already.' },
  NOTHING_TO_UNDO: { status: 409, text: 'There is no earlier mode.' },
  PROTECTED: { status: 409, text: 'The address may never be acted on.' },
  MODEL_EXISTS: { status: 409, text: 'There is a model of this name and version.' },
  MODEL_IS_CHAMPION: { status: 409, text: 'The champion stays until another takes its place.' },
  MODEL_IS_SHIPPED: { status: 409, text: 'What is shipped can be archived, not deleted.' },
  MODEL_UNFIT: { status: 409, text: 'The model reads other features than this node computes.' },
  STAGE_FULL: { status: 409, text: 'As many models are tried in this stage as may be.' },
  GATE_FAILED: { status: 409, text: 'The model failed its gate; a reason is needed to force it.' },
  JOB_ENDED: { status: 409, text: 'The training has ended already.' },
  NO_EARLIER_CHAMPION: { status: 409, text: 'There is no earlier champion to go back to.' },
  INSTALL_IN_PROGRESS: { status: 409, text: 'Another package is being installed.' },
  TOKEN_NAME_TAKEN: { status: 409, text: 'There is a token of this name.' },
  TOKEN_LIMIT_REACHED: { status: 409, text: 'There are as many tokens as allowed.' },
  NETWORK_LIMIT_REACHED: { status: 409, text: 'The node is in as many networks as allowed.' },
  LISTEN_FAILED: { status: 409, text: 'Other nodes cannot be received where it is configured.' },
  NOT_RUNNING: { status: 409, text: 'The network part of the node does not run.' },
  KEY_FILE_INVALID: { status: 409, text: 'The file of the key holds no key.' },
  SECRET_FILE_EXPOSED: { status: 409, text: 'Others can read a file that must be secret.' },
  SECRET_FILE_UNUSABLE: { status: 409, text: 'A file that must be secret cannot be used.' },
  NOT_A_FOUNDER: { status: 409, text: 'Only a founder of the network may do this.' },
  POLICY_FORBIDS: { status: 409, text: 'The network lets nobody in by invitation.' },
  LABELS_FULL: { status: 409, text: 'As many labels as are kept are there already.' },
  ALERT_AMBIGUOUS: { status: 409, text: 'More than one alert has an id that begins so.' },
  ALERT_NOT_OWN: { status: 409, text: 'Only the author of an alert can take it back.' },
  EVENT_REFUSED: { status: 409, text: 'Others would refuse what was to be said.' },
  IDEMPOTENCY_KEY_IN_USE: { status: 409, text: 'The first request of this key has not ended.' },
  REVISION_MISMATCH: { status: 412, text: 'Somebody else has changed it meanwhile.' },
  PACKAGE_TOO_LARGE: { status: 413, text: 'The package is larger than is taken.' },
  BODY_TOO_LONG: { status: 413, text: 'The body is longer than allowed.' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, text: 'The body is not application/json.' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, text: 'The key was used for another request.' },
  TAR_INVALID: { status: 422, text: 'The body is no tar of one package.' },
  PACKAGE_INVALID: { status: 422, text: 'The package is not what it should be.' },
  PACKAGE_MISSING: { status: 422, text: 'The package lies not where it should.' },
  HASH_MISMATCH: { status: 422, text: 'A file is not the one that the manifest names.' },
  GOLDEN_MISMATCH: { status: 422, text: 'The model does not say what it said when it was made.' },
  SIGNATURE_MISSING: { status: 422, text: 'The package has no signature.' },
  SIGNATURE_INVALID: { status: 422, text: 'The signature of the package does not hold.' },
  SIGNATURE_FOREIGN: { status: 422, text: 'The package is signed by another node.' },
  FOREST_INVALID: { status: 422, text: 'A forest of the package contradicts itself.' },
  ONNX_INVALID: { status: 422, text: 'An ONNX file of the package cannot be read.' },
  OPERATOR_UNKNOWN: { status: 422, text: 'An ONNX file asks for an operator that is not run.' },
  DOMAIN_FOREIGN: { status: 422, text: 'An ONNX file asks for operators of somebody else.' },
  EXTERNAL_DATA: { status: 422, text: 'An ONNX file keeps part of itself elsewhere.' },
  TENSOR_TOO_LARGE: { status: 422, text: 'An ONNX file holds a tensor beyond all measure.' },
  THRESHOLDS_INVALID: { status: 422, text: 'The thresholds are not ascending.' },
  NOT_EXPLAINABLE: { status: 422, text: 'No model is there whose answer could be explained.' },
  PATH_FORBIDDEN: { status: 422, text: 'A file that no training may read, or that is none.' },
  PREFIX_TOO_WIDE: { status: 422, text: 'The prefix covers more addresses than allowed.' },
  ENTRIES_REFUSED: { status: 422, text: 'Some entries cannot be taken; none was.' },
  NAME_INVALID: { status: 422, text: 'The name is none that a network may have.' },
  ADDRESSES_INVALID: { status: 422, text: 'The multiaddrs cannot be used.' },
  INVITATION_UNSUPPORTED: { status: 422, text: 'The invitation is of a later version.' },
  INVITATION_DAMAGED: { status: 422, text: 'The invitation is damaged.' },
  INVITATION_FORGED: { status: 422, text: 'The invitation is signed by nobody who may.' },
  INVITATION_EXPIRED: { status: 422, text: 'The invitation has expired.' },
  ADMISSION_FOREIGN: { status: 422, text: 'The letter lets in another key.' },
  KEY_INVALID: { status: 422, text: 'The key is none that a node can have.' },
  KEY_UNKNOWN: { status: 404, text: 'The node knows neither an author nor an invitation of it.' },
  KEY_REVOKED: { status: 409, text: 'The key was revoked.' },
  INVITATION_FOREIGN: { status: 422, text: 'The invitation is for another network.' },
  SPAN_INVALID: { status: 422, text: 'A time ends before it begins, or lies too far ahead.' },
  END_IN_PAST: { status: 422, text: 'The end of the entry lies in the past.' },
  REVISION_MISSING: { status: 428, text: 'If-Match must say which revision is changed.' },
  RATE_LIMITED: { status: 429, text: 'Too many requests.' },
  HEADERS_TOO_LONG: { status: 431, text: 'The header is longer than allowed.' },
  INTERNAL: { status: 500, text: 'The node failed; its log says why.' },
  MODEL_NOT_READY: { status: 503, text: 'The model cannot answer at the moment.' },
  NOT_READY: { status: 503, text: 'A part of the node does not work.' },
  PACKAGE_UNWRITABLE: { status: 507, text: 'The package cannot be kept; the disk may be full.' },
  STORAGE_UNAVAILABLE: { status: 503, text: 'The database cannot be read or written.' },
  JOB_QUEUE_FULL: { status: 503, text: 'As many trainings as allowed are waiting.' },
  TOO_MANY_BATCHES: { status: 503, text: 'As many batches as allowed are being answered.' },
  TOO_MANY_STREAMS: { status: 503, text: 'As many clients as allowed are listening already.' }
} as const satisfies Readonly<Record<string, { status: number; text: string }>>

export type ApiErrorCode = keyof typeof API_ERRORS

export function isApiErrorCode(code: string): code is ApiErrorCode {
  return Object.hasOwn(API_ERRORS, code)
}

export interface ApiErrorOptions {
  readonly context?: ErrorContext
  readonly cause?: unknown
  /** Header fields of the answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of the problem document. */
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** An answer that is no success. On the server it becomes a problem document; in the client it is what one was read as. */
export class ApiError<Code extends string = string> extends NetminderError<Code> {
  readonly status: number
  /** Whether the message may leave the node. */
  readonly expose: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(
    code: Code,
    message: string,
    options: ApiErrorOptions & { readonly status?: number; readonly expose?: boolean } = {}
  ) {
    super(code, message, options)
    const known = isApiErrorCode(code) ? API_ERRORS[code].status : 500
    this.status = options.status ?? known
    this.expose = options.expose ?? this.status !== 500
    this.headers = options.headers ?? {}
    this.extensions = options.extensions ?? {}
  }
}

/** An answer of the server's own contract. */
export function apiError(
  code: ApiErrorCode,
  message: string,
  options: ApiErrorOptions = {}
): ApiError<ApiErrorCode> {
  return new ApiError(code, message, options)
}

export type ApiListenErrorCode =
  /** Another program listens on the port. */
  | 'API_PORT_IN_USE'
  /** The port needs a privilege that this user lacks. */
  | 'API_PORT_FORBIDDEN'
  /** The host is no address of this machine. */
  | 'API_HOST_UNAVAILABLE'
  /** Another node listens on the UNIX socket. */
  | 'API_SOCKET_IN_USE'
  /** The UNIX socket cannot be made where it should lie. */
  | 'API_SOCKET_UNUSABLE'

/** The API cannot listen. The message says what to do. */
export class ApiListenError extends NetminderError<ApiListenErrorCode> {}

export type ApiClientErrorCode =
  /** Nothing listens there. */
  | 'API_UNREACHABLE'
  /** No answer within the time. */
  | 'API_TIMED_OUT'
  /** The answer is not what the contract says. */
  | 'API_ANSWER_INVALID'

/** The client got no answer that it can read. */
export class ApiClientError extends NetminderError<ApiClientErrorCode> {}
