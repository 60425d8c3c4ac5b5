/** What is counted of rows of features and of labels. */
import { LABEL_SOURCES, ROW_LOSSES, type RowLoss } from '../feedback/index.ts'
import type { FeatureRepository, LabelRepository } from '../store/index.ts'
import type { MetricsRegister } from '../telemetry/index.ts'

export type FeedbackMetrics = ReturnType<typeof declareFeedbackMetrics>

export function declareFeedbackMetrics(register: MetricsRegister) {
  const kept = register.counter({
    name: 'netminder_feedback_kept_rows_total',
    help: 'Rows of features that were kept.'
  })
  const lost = register.counter({
    name: 'netminder_feedback_lost_rows_total',
    help: 'Rows of features that were not kept: more than an hour may bring (budget), than can be written at once (queue), or writing failed (store).',
    labels: { why: ROW_LOSSES }
  })
  const rows = register.gauge({
    name: 'netminder_feedback_stored_rows',
    help: 'Rows of features in the database.'
  })
  const bytes = register.gauge({
    name: 'netminder_feedback_stored_bytes',
    help: 'What the rows of features take in the database.'
  })
  const labels = register.gauge({
    name: 'netminder_feedback_stored_labels',
    help: 'Labels in the database, by where they come from.',
    labels: { source: LABEL_SOURCES }
  })
  return {
    kept: (count: number) => kept.add(count),
    lost: (why: RowLoss, count: number) => lost.add(count, { why }),
    measure(store: {
      readonly features: Pick<FeatureRepository, 'totals'>
      readonly labels: Pick<LabelRepository, 'count'>
    }) {
      register.onScrape(() => {
        const totals = store.features.totals()
        rows.set(totals.rows)
        bytes.set(totals.bytes)
        for (const source of LABEL_SOURCES) labels.set(store.labels.count(source), { source })
      })
    }
  }
}
