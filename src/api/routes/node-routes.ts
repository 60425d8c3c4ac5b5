/** Answers the endpoints of audit, tokens and the node itself. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DecisionReplay, GuardApi } from '../../defense/index.ts'
import { apiError } from '../errors.ts'
import { wireReplayed } from '../evidence-projection.ts'
import { openApiDocument } from '../openapi.ts'
import type { AuditReader, MetricsText, NodeFacts, Readiness, TokenAdmin } from '../ports.ts'
import { wireAuditRecord, wireStatus, wireTime, wireToken } from '../projection.ts'
import { type Handlers, TextAnswer } from './answer.ts'

export interface NodePorts {
  readonly guard: GuardApi
  readonly tokens: TokenAdmin
  readonly audit: AuditReader
  /** A new one for each caller: it opens packages anew. */
  readonly createReplay: () => DecisionReplay
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
  return {
    ...auditHandlers(ports.audit),
    ...replayHandlers(ports),
    ...tokenHandlers(ports.tokens),
    ...stateHandlers(ports)
  }
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

/** Decisions between which others get their turn: a few milliseconds. */
const REPLAYED_AT_ONCE = 50

function replayHandlers({
  createReplay
}: Pick<NodePorts, 'createReplay'>): Pick<Handlers, 'replayDecisions'> {
  return {
    async replayDecisions({ query }, { signal }) {
      const replay = createReplay()
      const { decision: id, since, limit, cursor } = query
      if (id !== undefined) {
        const decision = replay.find(id)
        if (decision === undefined) {
          throw apiError('DECISION_NOT_FOUND', `expected the id of a decision, got "${id}"`)
        }
        const item = wireReplayed(await replay.replay(decision))
        const withoutModel = Number(item.outcome === 'no-model')
        return { items: [item], next_cursor: null, without_model: withoutModel }
      }
      const sinceMs = since === undefined ? undefined : Date.parse(since)
      const page = replay.list({ sinceMs, limit, cursor })
      const items: ReturnType<typeof wireReplayed>[] = []
      for (const [index, decision] of page.items.entries()) {
        if (index % REPLAYED_AT_ONCE === REPLAYED_AT_ONCE - 1) await nextTurn()
        signal.throwIfAborted()
        const replayed = await replay.replay(decision)
        if (replayed.outcome !== 'no-model') items.push(wireReplayed(replayed))
      }
      return {
        items,
        next_cursor: page.nextCursor ?? null,
        without_model: page.items.length - items.length
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
      const components = ports.readiness.components()
      // The names only: this answer needs no token, and details may hold paths.
      const namesOf = (wanted: 'degraded' | 'failed') =>
        components.filter(({ state }) => state === wanted).map(({ name }) => name)
      const names = namesOf('failed')
      if (names.length === 0) return { status: 'ok', degraded: namesOf('degraded') }
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
