/** Audit, tokens, and the node itself. */
import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import {
  auditRecord,
  auditVerification,
  health,
  nodeStatus,
  pageOf,
  pageQuery,
  readiness,
  replayedDecision,
  timeInput,
  token,
  tokenScope
} from './schemas.ts'

const audit = {
  listAudit: {
    method: 'GET',
    path: '/api/audit',
    tag: 'audit',
    summary: 'List what was changed by whom, newest first.',
    scope: 'admin',
    query: z.strictObject({
      actor: z.string().max(200).optional(),
      action: z.string().max(100).optional(),
      target: z.string().max(200).optional(),
      since: timeInput.optional(),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(auditRecord),
    errors: ['CURSOR_INVALID'],
    example: { query: { limit: 5 } }
  },
  verifyAudit: {
    method: 'GET',
    path: '/api/audit/verify',
    tag: 'audit',
    summary: 'Check the hash chain for changed, removed or truncated rows.',
    scope: 'admin',
    status: 200,
    response: auditVerification,
    errors: [],
    example: {}
  },
  replayDecisions: {
    method: 'GET',
    path: '/api/audit/replay',
    tag: 'audit',
    summary: 'Let the models judge again by what was kept of their decisions.',
    description:
      'Each model is loaded anew from its package, whose hash must be the one that the decision names. Newest first; decisions of rules and of people are passed over and counted, unless one is asked for by its id.',
    scope: 'admin',
    query: z.strictObject({
      decision: z.uuid().optional().describe('Only this one.'),
      since: timeInput.optional().describe('Only those made at this time or later.'),
      ...pageQuery
    }),
    status: 200,
    response: z.strictObject({
      ...pageOf(replayedDecision).shape,
      without_model: z.int().min(0).describe('Decisions of this page that no model made.')
    }),
    errors: ['CURSOR_INVALID', 'DECISION_NOT_FOUND'],
    example: { query: { limit: 50 } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const tokens = {
  listTokens: {
    method: 'GET',
    path: '/api/tokens',
    tag: 'tokens',
    summary: 'List tokens; the secrets themselves are not kept.',
    scope: 'admin',
    status: 200,
    response: z.strictObject({ items: z.array(token) }),
    errors: [],
    example: {}
  },
  createToken: {
    method: 'POST',
    path: '/api/tokens',
    tag: 'tokens',
    summary: 'Make a token; its text is shown this once.',
    scope: 'admin',
    body: z.strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, {
          error: 'expected 1 to 63 lower-case letters, digits, dots, underscores and hyphens'
        })
        .describe('Unique; stands in the audit as token:<name>.'),
      scope: tokenScope.default('read'),
      expires_at: timeInput.nullable().default(null).describe('Null: never.')
    }),
    status: 201,
    response: z.strictObject({ item: token, token: z.string() }),
    errors: ['TOKEN_NAME_TAKEN', 'TOKEN_LIMIT_REACHED'],
    example: { body: { name: 'grafana', scope: 'read', expires_at: '2099-01-01T00:00:00Z' } }
  },
  revokeToken: {
    method: 'DELETE',
    path: '/api/tokens/{id}',
    tag: 'tokens',
    summary: 'Revoke a token at once.',
    scope: 'admin',
    params: z.strictObject({ id: z.string().min(1).max(64) }),
    status: 204,
    errors: ['TOKEN_NOT_FOUND'],
    example: { params: { id: 'token-2' } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const node = {
  showStatus: {
    method: 'GET',
    path: '/api/status',
    tag: 'node',
    summary: 'Show how the node is doing.',
    scope: 'read',
    status: 200,
    response: nodeStatus,
    errors: [],
    example: {}
  },
  streamEvents: {
    method: 'GET',
    path: '/api/events',
    tag: 'node',
    summary: 'Follow decisions and warnings as they happen, as server-sent events.',
    description:
      'Events: `decision.created`, `decision.extended`, `decision.ended`, `suppression`, `alert.received` (a warning of another operator), `alert.sent` (one of this node), `alert.retracted` (its author took it back), `list.received` and `list.sent` (a list was published), `training.changed` (a training began, went on or ended), and `gap` where events were lost to this client because it was away for too long. `Last-Event-ID` resumes after that event, as far as the node remembers. A comment line comes every few seconds when nothing happens. A client that does not keep up is disconnected.',
    scope: 'read',
    status: 200,
    text: {
      mediaType: 'text/event-stream',
      description: 'The stream; each `data` is one JSON object.',
      example:
        'id: 18f3a2-17\nevent: decision.created\ndata: {"decision":{"client_ip":"198.51.100.7"}}\n\n'
    },
    errors: ['TOO_MANY_STREAMS'],
    example: {}
  },
  checkHealth: {
    method: 'GET',
    path: '/healthz',
    tag: 'node',
    summary: 'Answer while the process lives.',
    scope: 'public',
    status: 200,
    response: health,
    errors: [],
    isRateLimited: false,
    example: {}
  },
  checkReadiness: {
    method: 'GET',
    path: '/readyz',
    tag: 'node',
    summary: 'Answer 200 while every needed part works.',
    scope: 'public',
    status: 200,
    response: readiness,
    errors: ['NOT_READY'],
    isRateLimited: false,
    example: {}
  },
  showMetrics: {
    method: 'GET',
    path: '/metrics',
    tag: 'node',
    summary: 'Show metrics in the exposition format of Prometheus.',
    description: 'Needs no token if the node is configured with `metrics.isPublic`.',
    scope: 'read',
    status: 200,
    text: {
      mediaType: 'text/plain',
      description: 'Exposition format 0.0.4.',
      example: '# TYPE netminder_source_lines_total counter\n'
    },
    errors: ['METRICS_OFF'],
    isRateLimited: false,
    example: {}
  },
  showOpenApi: {
    method: 'GET',
    path: '/openapi.json',
    tag: 'node',
    summary: 'Show this document.',
    scope: 'public',
    status: 200,
    response: z.looseObject({ openapi: z.string() }).meta({ id: 'OpenApiDocument' }),
    errors: [],
    example: {}
  }
} as const satisfies Readonly<Record<string, Endpoint>>

export const NODE_ENDPOINTS = { ...audit, ...tokens, ...node } as const
