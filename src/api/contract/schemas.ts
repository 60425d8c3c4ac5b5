/**
 * The shapes on the wire: snake_case in the words of the plug-in world (`client_ip`, `confidence`, `reasons`, `severity`),
 * times as RFC 3339 in UTC, durations with their unit in the name, what is not known as null.
 */
import * as z from 'zod'
import { REPLAY_BINDINGS, REPLAY_OUTCOMES } from '../../defense/index.ts'
import { CATEGORIES } from '../../detection/index.ts'
import { TOKEN_SCOPES } from '../ports.ts'

export const PAGE_LIMIT_MAX = 1_000

const time = z.iso.datetime().describe('RFC 3339, UTC.')
const nullableTime = time.nullable()
const count = z.int().min(0)
const text = z.string()

/** What a caller writes for a person to read: one line without control characters. */
export const noteInput = z
  .string()
  .max(500)
  .regex(/^\P{Cc}*$/u, { error: 'expected a text without control characters' })
export const prefixInput = z
  .string()
  .min(2)
  .max(64)
  .describe('An address, or a prefix such as 192.0.2.0/24.')
export const timeInput = z.iso.datetime({ offset: true }).describe('RFC 3339.')

export const category = z.enum(CATEGORIES).meta({ id: 'Category' })
export const mode = z.enum(['shadow', 'enforce']).meta({
  id: 'Mode',
  description: 'In shadow mode everything is computed and shown, nothing is applied.'
})
export const decisionType = z.enum(['ban', 'throttle', 'watch']).meta({ id: 'DecisionType' })
export const severity = z.enum(['low', 'medium', 'high', 'critical']).meta({ id: 'Severity' })
export const tokenScope = z.enum(TOKEN_SCOPES).meta({
  id: 'TokenScope',
  description: 'admin includes every other scope, each of the others includes read.'
})

export const reason = z
  .strictObject({
    rule: text.describe('Stable id of the rule or model that spoke.'),
    text: text.describe('One sentence, figures included.'),
    counters: z.record(text, z.number()).describe('The counters behind it, with their thresholds.')
  })
  .meta({ id: 'Reason' })

export const decision = z
  .strictObject({
    id: text.describe('UUID version 7: sorts by creation.'),
    client_ip: text.nullable().describe('The address, if the decision is about one.'),
    scope: z.enum(['address', 'prefix', 'swarm']),
    value: text.describe('Address, prefix or id of the swarm.'),
    prefixes: z.array(text).describe('What actuators hold for it.'),
    type: decisionType,
    category,
    severity,
    origin: z.enum(['detection', 'operator', 'network']),
    mode,
    state: z.enum(['in-force', 'shadow', 'expired', 'lifted']),
    confidence: z.number().min(0).max(1),
    reasons: z.array(reason),
    line_hashes: z.array(text).describe('SHA-256 of the log lines behind it, first 16 digits.'),
    model: text.nullable(),
    offence: count.describe('How often the subject was decided against before.'),
    created_at: time,
    until: time,
    lifted_at: nullableTime,
    lifted_by: text.nullable(),
    lift_reason: text.nullable()
  })
  .meta({ id: 'Decision' })

export const suppression = z
  .strictObject({
    at: time,
    value: text,
    wanted: decisionType,
    category,
    protected_by: text.describe('Kind of the entry that held it back.'),
    detail: text
  })
  .meta({
    id: 'Suppression',
    description: 'A verdict that led to nothing, and what held it back.'
  })

export const listEntry = z
  .strictObject({
    prefix: text,
    note: text,
    added_by: text,
    created_at: time,
    until: nullableTime.describe('Null: until it is removed.')
  })
  .meta({ id: 'ListEntry' })

export const listEntryInput = z.strictObject({
  prefix: prefixInput,
  note: noteInput.default(''),
  until: timeInput.nullable().default(null).describe('End of the entry; null: until it is removed.')
})

export const modeSettings = z
  .strictObject({
    overall: mode,
    by_category: z.partialRecord(category, mode),
    previous: z
      .strictObject({ overall: mode, by_category: z.partialRecord(category, mode) })
      .nullable()
      .describe('What undo brings back.')
  })
  .meta({ id: 'ModeSettings' })

export const shadowReport = z
  .strictObject({
    from: time,
    to: time,
    would_ban: count,
    would_throttle: count,
    by_category: z.partialRecord(category, count),
    doubtful: z
      .array(z.strictObject({ decision, sign: text }))
      .describe('Decisions whose subject shows a sign of being harmless.'),
    examples: z.array(decision)
  })
  .meta({ id: 'ShadowReport' })

export const actuatorStatus = z
  .strictObject({
    name: text,
    kind: text,
    state: z.enum(['ok', 'retrying', 'disabled']),
    desired: count.describe('Entries that should be held.'),
    held: count.nullable().describe('Entries that are held, where that is known.'),
    last_applied_at: nullableTime,
    last_error: text.nullable(),
    next_retry_at: nullableTime,
    mended_total: count
  })
  .meta({ id: 'ActuatorStatus' })

export const evidence = z
  .strictObject({
    model: text.describe('`name@version`.'),
    sha256: text.describe('Of the manifest of its package.'),
    feature_set_version: count,
    source: text.describe(
      'Whose features they are; of a swarm or a prefix, the member whose request led to it.'
    ),
    score: z.number().min(0).max(1).describe('Probability of abuse, as the model gave it.'),
    thresholds: z
      .strictObject({ watch: z.number(), throttle: z.number(), ban: z.number() })
      .describe('Scores from which on a source was watched, slowed down, banned, at that time.'),
    bias: z
      .number()
      .describe('What the model says of a source of which nothing is known, log-odds.'),
    features: z
      .array(
        z.strictObject({
          feature: text,
          value: z.union([z.number(), text]).nullable().describe('Null: not known.'),
          shown: text.describe('The value with its unit, for a person.'),
          unit: text.nullable(),
          meaning: text.nullable(),
          usual: z
            .strictObject({ from: z.number(), to: z.number(), shown: text })
            .nullable()
            .describe('Where nine of ten harmless sources lay in training; null: not known.'),
          contribution: z.number().describe('How far it moved the score, log-odds.')
        })
      )
      .describe('Those that moved the score most, strongest first.'),
    rest: z.number().describe('Contributions of all other features together.'),
    explained: z
      .enum(['then', 'now', 'not'])
      .describe(
        'When it was worked out what moved the score. `now`: there was no time for it in a wave of addresses, and it was done from the kept features; `not`: nor could it be now, since the package is not here.'
      ),
    text: text.describe('One sentence for a person.')
  })
  .meta({
    id: 'Evidence',
    description: 'What a model went by when a decision was made; never changed afterwards.'
  })

export const explanation = z
  .strictObject({
    client_ip: text,
    at: time,
    protected_by: z.strictObject({ kind: text, detail: text }).nullable(),
    decisions: z.array(
      z.strictObject({
        decision,
        carried_out: z.array(text).describe('Who holds it and what was done there.'),
        is_in_effect: z
          .boolean()
          .describe('Whether it is in force and somebody turns the client away now.'),
        evidence: evidence
          .nullable()
          .describe('What the model went by; null: rules or a person alone decided.'),
        undo: text.describe('How to end it by hand.')
      })
    ),
    suppressions: z.array(suppression),
    session: z.record(text, z.union([z.number(), text])).describe('Counters of the live session.')
  })
  .meta({ id: 'Explanation' })

export const auditRecord = z
  .strictObject({
    sequence: count,
    at: time,
    actor: text,
    action: text,
    target: text,
    before: z.unknown().describe('Any JSON value.'),
    after: z.unknown().describe('Any JSON value.'),
    reason: text,
    hash: text
  })
  .meta({ id: 'AuditRecord' })

export const auditVerification = z
  .strictObject({
    is_intact: z.boolean(),
    rows: count,
    faults: z.array(
      z.strictObject({
        sequence: count,
        kind: z.enum(['changed', 'removed', 'truncated']),
        detail: text
      })
    )
  })
  .meta({ id: 'AuditVerification' })

export const replayedDecision = z
  .strictObject({
    id: text,
    value: text.describe('Address, prefix or id of the swarm.'),
    type: decisionType,
    created_at: time,
    model: text.nullable(),
    sha256: text.nullable().describe('Of the manifest of the package that judged.'),
    outcome: z
      .enum(REPLAY_OUTCOMES)
      .describe('`same`: the model gives the same score again, to the last bit.'),
    audit: z
      .enum(REPLAY_BINDINGS)
      .describe(
        '`bound`: the hash chain of the audit holds the hash of what was kept; `broken`: it holds another; `unaudited`: watches are not written there.'
      ),
    audit_sequence: count.nullable(),
    score: z.number().nullable().describe('As it was kept.'),
    score_now: z.number().nullable(),
    detail: text.describe('One sentence for a person.')
  })
  .meta({ id: 'ReplayedDecision' })

export const token = z
  .strictObject({
    id: text,
    name: text,
    scope: tokenScope,
    created_at: time,
    created_by: text,
    expires_at: nullableTime,
    revoked_at: nullableTime,
    last_used_at: nullableTime
  })
  .meta({ id: 'Token' })

export const componentState = z
  .strictObject({ name: text, state: z.enum(['ok', 'degraded', 'failed']), detail: text })
  .meta({ id: 'ComponentState' })

export const nodeStatus = z
  .strictObject({
    name: text,
    version: text,
    started_at: time,
    mode: modeSettings,
    policy: text,
    events_total: count,
    sources_tracked: count,
    active_decisions: z.strictObject({ ban: count, throttle: count, watch: count }),
    last_event_at: nullableTime,
    actuators: z.array(actuatorStatus),
    components: z.array(componentState),
    follows: z
      .array(
        z.strictObject({
          format: z.enum(['haproxy', 'nginx', 'hockeypuck']),
          kind: z.enum(['file', 'docker-json', 'pipe', 'syslog']),
          path: text.describe('Empty for syslog.'),
          behind_proxy: z.enum(['none', 'proxy', 'cloudflare']),
          time_zone: text.describe("Empty: the machine's.")
        })
      )
      .describe('The logs as this node reads them, options of its start included.'),
    treat_as_public: z
      .array(text)
      .describe('Reserved addresses that are judged as if they were public.')
  })
  .meta({ id: 'NodeStatus' })

export const health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' })

export const readiness = z
  .strictObject({
    status: z.literal('ok'),
    degraded: z
      .array(z.string())
      .describe(
        'Names of parts that work in part or not at all, and without which the node goes on.'
      )
  })
  .meta({ id: 'Readiness' })

/** RFC 9457 with a stable code. */
export const problem = z
  .object({
    type: text,
    title: text,
    status: z.int().min(400).max(599),
    detail: text,
    code: text.describe('Stable; what a program should look at.'),
    errors: z
      .array(z.strictObject({ pointer: text, detail: text, code: text.optional() }))
      .optional()
      .describe(
        'Each fault of the request, by JSON pointer; of an import with the code of its own.'
      )
  })
  .meta({ id: 'Problem' })

export const pageQuery = {
  limit: z.int().min(1).max(PAGE_LIMIT_MAX).default(100).describe('Most items in the answer.'),
  cursor: z.string().min(1).max(256).optional().describe('`next_cursor` of the page before.')
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    next_cursor: text.nullable().describe('Null on the last page.')
  })
}
