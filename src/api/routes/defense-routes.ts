/** Answers the endpoints of the guard. */
import { getPrefix } from '../../base/index.ts'
import type { GuardApi } from '../../defense/index.ts'
import type { ModelEvidence } from '../../detection/index.ts'
import type { ModelPackage } from '../../registry/index.ts'
import { apiError } from '../errors.ts'
import { wireEvidence } from '../evidence-projection.ts'
import {
  wireActuator,
  wireDecision,
  wireExplanation,
  wireListEntry,
  wireMode,
  wireShadowReport
} from '../projection.ts'
import { type Handlers, TextAnswer } from './answer.ts'
import { entriesRefused } from './entries-refused.ts'
import type { ModelPorts } from './model-routes.ts'
import { pageByKey } from './paging.ts'

const DAY_MS = 86_400_000
const LIST_MEDIA_TYPES = ['application/json', 'text/plain']

type DefenseHandlers = Pick<
  Handlers,
  keyof typeof import('../contract/defense.ts').DEFENSE_ENDPOINTS
>

export function defenseHandlers(
  guard: GuardApi,
  models: Pick<ModelPorts, 'registry'>
): DefenseHandlers {
  return {
    ...decisionHandlers(guard, models),
    ...allowlistHandlers(guard),
    ...blocklistHandlers(guard),
    ...modeHandlers(guard),
    ...actuatorHandlers(guard)
  }
}

function findTimeMs(text: string | null | undefined): number | undefined {
  return text === undefined || text === null ? undefined : Date.parse(text)
}

function decisionHandlers(
  guard: GuardApi,
  { registry }: Pick<ModelPorts, 'registry'>
): Pick<Handlers, 'listDecisions' | 'explainAddress' | 'liftDecision'> {
  return {
    listDecisions({ query }, { nowMs }) {
      const page = guard.decisions({
        value: query.value === undefined ? undefined : getPrefix(query.value).text,
        type: query.type,
        category: query.category,
        mode: query.mode,
        activeAtMs: query.active ? nowMs : undefined,
        sinceMs: findTimeMs(query.since),
        cursor: query.cursor,
        limit: query.limit
      })
      return {
        items: page.items.map((decision) => wireDecision(decision, nowMs)),
        next_cursor: page.nextCursor ?? null
      }
    },
    async explainAddress({ params }) {
      const explanation = guard.explain(params.ip)
      const evidence = explanation.decisions.map(async ({ evidence: kept }) =>
        kept === undefined ? null : wireEvidence(kept, await packageOf(kept, registry))
      )
      return wireExplanation(explanation, await Promise.all(evidence))
    },
    liftDecision({ params, query }, { actor, nowMs }) {
      return wireDecision(guard.lift(params.id, actor, query.reason), nowMs)
    }
  }
}

/** The very package that judged; undefined where it is not here any more. */
async function packageOf(
  { model, digest }: ModelEvidence,
  registry: ModelPorts['registry']
): Promise<ModelPackage | undefined> {
  const opened = await registry.package(model).catch(() => undefined)
  return opened?.sha256 === digest ? opened : undefined
}

function allowlistHandlers(
  guard: GuardApi
): Pick<Handlers, 'listAllowlist' | 'addToAllowlist' | 'removeFromAllowlist'> {
  return {
    listAllowlist({ query }) {
      const page = pageByKey(guard.allowlist(), (entry) => entry.prefix, {
        limit: query.limit,
        cursor: query.cursor
      })
      return { items: page.items.map(wireListEntry), next_cursor: page.nextCursor }
    },
    addToAllowlist({ body }, { actor }) {
      const { prefix, note } = body
      return wireListEntry(guard.allow({ prefix, note, untilMs: findTimeMs(body.until) }, actor))
    },
    removeFromAllowlist({ query }, { actor }) {
      guard.disallow(query.prefix, actor)
      return undefined
    }
  }
}

function blocklistHandlers(
  guard: GuardApi
): Pick<
  Handlers,
  'listBlocklist' | 'addToBlocklist' | 'importToBlocklist' | 'removeFromBlocklist'
> {
  return {
    listBlocklist({ query }, { accepts }) {
      const wanted =
        query.format === undefined ? accepts(LIST_MEDIA_TYPES) : mediaTypeOf(query.format)
      if (wanted === undefined) {
        throw apiError('NOT_ACCEPTABLE', `expected to accept ${LIST_MEDIA_TYPES.join(' or ')}`)
      }
      if (wanted === 'text/plain') {
        const held = guard.heldPrefixes(query.type)
        const text = held.length === 0 ? '' : `${held.join('\n')}\n`
        return new TextAnswer('text/plain; charset=utf-8', text, { hasEtag: true })
      }
      const page = pageByKey(guard.blocklist(), (entry) => entry.prefix, {
        limit: query.limit,
        cursor: query.cursor
      })
      return { items: page.items.map(wireListEntry), next_cursor: page.nextCursor }
    },
    addToBlocklist({ body }, { actor, nowMs }) {
      const { prefix, note } = body
      const blocked = guard.block({ prefix, note, untilMs: findTimeMs(body.until) }, actor)
      return {
        entry: wireListEntry(blocked.entry),
        decision: wireDecision(blocked.decision, nowMs)
      }
    },
    importToBlocklist({ body }, { actor }) {
      const entries = body.entries.map(({ prefix, note, until }) => ({
        prefix,
        note,
        untilMs: findTimeMs(until)
      }))
      const outcome = guard.importBlocks(entries, actor)
      if (outcome.kind === 'refused') throw entriesRefused('entries', outcome.refusals)
      return { imported: outcome.imported, unchanged: outcome.unchanged }
    },
    removeFromBlocklist({ query }, { actor }) {
      guard.unblock(query.prefix, actor)
      return undefined
    }
  }
}

function mediaTypeOf(format: 'json' | 'plain'): string {
  return format === 'json' ? 'application/json' : 'text/plain'
}

function modeHandlers(
  guard: GuardApi
): Pick<Handlers, 'showMode' | 'setMode' | 'reportMode' | 'undoMode'> {
  return {
    showMode: () => wireMode(guard.mode()),
    setMode({ body }, { actor }) {
      return wireMode(
        guard.setMode({ mode: body.mode, category: body.category }, actor, body.reason)
      )
    },
    reportMode({ query }, { nowMs }) {
      return wireShadowReport(guard.shadowReport(findTimeMs(query.since) ?? nowMs - DAY_MS), nowMs)
    },
    undoMode: (_, { actor }) => wireMode(guard.undoMode(actor))
  }
}

function actuatorHandlers(
  guard: GuardApi
): Pick<Handlers, 'listActuators' | 'dryRunActuators' | 'sweepActuators'> {
  return {
    listActuators: () => ({ items: guard.actuators().map(wireActuator) }),
    async dryRunActuators(_, { signal }) {
      const runs = await guard.dryRun(signal)
      return { items: runs.map(({ name, lines }) => ({ name, lines: [...lines] })) }
    },
    async sweepActuators(_, { signal }) {
      const runs = await guard.sweep(signal)
      return { items: runs.map(({ name, removed }) => ({ name, removed })) }
    }
  }
}
