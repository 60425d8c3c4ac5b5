/** Trainings that were asked for: a queue that a restart finds again, and what came of each. */
import type { Migration } from '../migration.ts'

export const trainingJobCreate: Migration = {
  id: 10,
  name: 'training-job-create',
  sql: `
CREATE TABLE training_job (
  sequence INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  -- JSON: data, kind of model, params, name and version of what is to come out.
  job_order TEXT NOT NULL CHECK (json_valid(job_order)),
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  -- Null: it has not begun.
  started_at_ms INTEGER,
  -- Null: it has not ended.
  ended_at_ms INTEGER,
  -- Champion of the task when it began. Null: there was none, or it has not begun.
  parent TEXT,
  -- Starts of its process since it last got further.
  attempts INTEGER NOT NULL,
  resumes INTEGER NOT NULL,
  progress TEXT NOT NULL CHECK (json_valid(progress)),
  notes TEXT NOT NULL CHECK (json_valid(notes)),
  -- Null: it has not failed.
  failure TEXT CHECK (json_valid(failure)),
  -- Null: nothing was measured.
  report TEXT CHECK (json_valid(report)),
  -- Null: no model came out.
  model TEXT
) STRICT;

CREATE INDEX training_job_open ON training_job (sequence) WHERE state IN ('queued', 'running');
`
}
