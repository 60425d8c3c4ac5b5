/**
 * The local HTTP API: a contract as data, the server and the client that follow from it. Decides who may ask; what the answer
 * is decides the guard.
 */
export { ApiServer, type ApiServerOptions, type ApiServerPorts } from './api-server.ts'
export {
  ApiClient,
  type ApiClientOptions,
  type CallOptions,
  type ServerSentEvent
} from './client/api-client.ts'
export { type ApiPlaces, findApi } from './client/find-api.ts'
export {
  CONTRACT,
  OPERATION_IDS,
  type OperationId,
  type OperationInput,
  type OperationResponse
} from './contract/contract.ts'
export { type Endpoint, errorsOf, isWrite, type Upload } from './contract/endpoint.ts'
export { JOB_MODELS } from './contract/training.ts'
export {
  API_ERRORS,
  ApiClientError,
  type ApiClientErrorCode,
  ApiError,
  type ApiErrorCode,
  ApiListenError,
  type ApiListenErrorCode
} from './errors.ts'
export { wireReplayed } from './evidence-projection.ts'
export { type ApiMetrics, declareApiMetrics } from './metrics.ts'
export { openApiDocument, renderOpenApi } from './openapi.ts'
export {
  type AuditQuery,
  type AuditReader,
  type AuditRecord,
  type AuditVerification,
  type ComponentState,
  type FollowedLog,
  type MetricsText,
  type NodeFacts,
  type Readiness,
  TOKEN_SCOPES,
  type TokenAdmin,
  type TokenCheck,
  type TokenIdentity,
  type TokenRecord,
  type TokenScope,
  type TokenVerifier
} from './ports.ts'
export type { ModelPorts } from './routes/model-routes.ts'
export type { ApiAddress } from './server/listening.ts'
