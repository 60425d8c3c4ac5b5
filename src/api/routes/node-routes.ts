/** Answers the endpoints of audit, tokens and the node itself. */
import type { GuardApi } from '../../defense/index.ts'
import { apiError } from '../errors.ts'
import { openApiDocument } from '../openapi.ts'
import type { AuditReader, MetricsText, NodeFacts, Readiness, TokenAdmin } from '../ports.ts'
import { wireAuditRecord, wireStatus, wireTime, wireToken } from '../projection.ts'
import { type Handlers, TextAnswer } from './answer.ts'

export interface NodePorts {
  readonly guard: GuardApi
  readonly tokens: TokenAdmin
  readonly audit: AuditReader
  /** Undefined where metrics are turned off. */
  readonly metrics: MetricsText | undefined
  readonly readiness: Readiness
  readonly node: NodeFacts
}

type NodeHandlers = Pick<
  Handlers,
  Exclude<keyof typeof import('../contract/node.ts').NODE_ENDPOINTS, 'streamEvents'>
>

export function nodeHandlers(ports: NodePorts): NodeHandlers {
  return { ...auditHandlers(ports.audit), ...tokenHandlers(ports.tokens), ...stateHandlers(ports) }
}

function auditHandlers(audit: AuditReader): Pick<Handlers, 'listAudit' | 'verifyAudit'> {
  return {
    listAudit({ query }) {
      const { since, ...rest } = query
      const page = audit.list({
        ...rest,
        sinceMs: since === undefined ? undefined : Date.parse(since)
      })
      return { items: page.items.map(wireAuditRecord), next_cursor: page.nextCursor ?? null }
    },
    async verifyAudit() {
      const { rows, faults } = await audit.verify()
      return {
        is_intact: faults.length === 0,
        rows,
        faults: faults.map(({ sequence, kind, detail }) => ({ sequence, kind, detail }))
      }
    }
  }
}

function tokenHandlers(
  tokens: TokenAdmin
): Pick<Handlers, 'listTokens' | 'createToken' | 'revokeToken'> {
  return {
    listTokens: () => ({ items: tokens.list().map(wireToken) }),
    createToken({ body }, { actor, nowMs }) {
      const expiresAtMs = body.expires_at === null ? undefined : Date.parse(body.expires_at)
      if (expiresAtMs !== undefined && expiresAtMs <= nowMs) {
        const detail = `expected a time after ${wireTime(nowMs)}`
        throw apiError('REQUEST_INVALID', `/body/expires_at: ${detail}`, {
          extensions: { errors: [{ pointer: '/body/expires_at', detail }] }
        })
      }
      const made = tokens.create({ name: body.name, scope: body.scope, expiresAtMs }, actor)
      return { item: wireToken(made.record), token: made.token }
    },
    revokeToken({ params }, { actor }) {
      tokens.revoke(params.id, actor)
      return undefined
    }
  }
}

function stateHandlers(
  ports: NodePorts
): Pick<Handlers, 'showStatus' | 'checkHealth' | 'checkReadiness' | 'showMetrics' | 'showOpenApi'> {
  return {
    showStatus: () =>
      wireStatus(ports.guard.status(), {
        ...ports.node,
        components: ports.readiness.components()
      }),
    checkHealth: () => ({ status: 'ok' }),
    checkReadiness() {
      const failed = ports.readiness.components().filter(({ state }) => state === 'failed')
      // The names only: this answer needs no token, and details may hold paths.
      const names = failed.map(({ name }) => name)
      if (names.length === 0) return { status: 'ok' }
      throw apiError('NOT_READY', `not working: ${names.join(', ')}`, {
        extensions: { components: names }
      })
    },
    async showMetrics() {
      if (ports.metrics === undefined) {
        throw apiError('METRICS_OFF', 'metrics are turned off (metrics.enabled)')
      }
      return new TextAnswer(ports.metrics.contentType, await ports.metrics.text())
    },
    showOpenApi: () => openApiDocument()
  }
}
