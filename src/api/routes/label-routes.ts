/** Answers the endpoints of labels. */
import type { z } from 'zod'
import type { LabelDesk, LabelSubject, ListedLabel, Statement } from '../../feedback/index.ts'
import type { LABEL_ENDPOINTS } from '../contract/label.ts'
import { wireTime } from '../projection.ts'
import type { Handlers } from './answer.ts'
import { entriesRefused } from './entries-refused.ts'

type LabelHandlers = Pick<Handlers, keyof typeof LABEL_ENDPOINTS>
type Said = Omit<z.output<typeof LABEL_ENDPOINTS.addLabel.body>, 'value' | 'alert'>

export function labelHandlers(labels: LabelDesk): LabelHandlers {
  return {
    listLabels({ query }) {
      const { value, label, source, since, cursor, limit } = query
      const sinceMs = findTimeMs(since)
      const page = labels.list({ prefix: value, label, source, sinceMs, cursor, limit })
      return { items: page.items.map(wireLabel), next_cursor: page.nextCursor ?? null }
    },
    addLabel({ body }, { actor }) {
      const { value = '', alert } = body
      const subject: LabelSubject =
        alert === undefined ? { kind: 'prefix', value } : { kind: 'alert', id: alert }
      const said = labels.say(subject, statementOf(body), actor)
      return { items: said.map((label) => wireLabel(labels.listed(label))) }
    },
    importLabels({ body }, { actor }) {
      const entries = body.entries.map((entry) => ({
        prefix: entry.value,
        statement: statementOf(entry)
      }))
      const outcome = labels.import(entries, actor)
      if (outcome.kind === 'refused') throw entriesRefused('labels', outcome.refusals)
      return { added: outcome.added, unchanged: outcome.unchanged }
    },
    removeLabel({ params, query }, { actor }) {
      labels.remove(params.id, actor, query.reason)
      return undefined
    }
  }
}

function statementOf(said: Said): Statement {
  return {
    label: said.label,
    class: said.class,
    campaign: said.campaign ?? '',
    note: said.reason,
    fromMs: findTimeMs(said.from),
    toMs: findTimeMs(said.to),
    weight: said.weight
  }
}

function findTimeMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text)
}

function wireLabel({ label, overruledBy }: ListedLabel) {
  const { class: kind, fromMs, toMs, saidBy, saidAtMs, ...rest } = label
  return {
    ...rest,
    class: kind ?? null,
    from: wireTime(fromMs),
    to: wireTime(toMs),
    said_by: saidBy,
    said_at: wireTime(saidAtMs),
    overruled_by: overruledBy ?? null
  }
}
