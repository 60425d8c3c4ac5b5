/** Models that this node knows, in which stage each is, and how it came there. The models themselves are files. */
import type { Migration } from '../migration.ts'

export const modelCreate: Migration = {
  id: 8,
  name: 'model-create',
  sql: `
CREATE TABLE model (
  sequence INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  task TEXT NOT NULL,
  kind TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('candidate', 'shadow', 'canary', 'champion', 'archived')),
  origin TEXT NOT NULL CHECK (origin IN ('shipped', 'imported', 'trained')),
  -- SHA-256 of the manifest, which holds the hash of every other file.
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  -- JSON: probabilities from which on a source is watched, slowed down, banned.
  thresholds TEXT NOT NULL CHECK (json_valid(thresholds)),
  notes TEXT NOT NULL,
  -- Grows with every change: who changes a model says which one he saw.
  revision INTEGER NOT NULL CHECK (revision > 0),
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  -- When another became champion after it. Null: it never was one, is one, or was turned out by a rollback.
  succeeded_at_ms INTEGER,
  UNIQUE (name, version)
) STRICT;

CREATE UNIQUE INDEX model_champion ON model (task) WHERE stage = 'champion';

CREATE TABLE model_event (
  sequence INTEGER PRIMARY KEY,
  -- No reference: what happened stays known when the model is gone.
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  task TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('install', 'promote', 'rollback', 'move', 'change', 'delete')),
  -- Null: the model was not there before.
  stage_before TEXT,
  -- Null: the model is gone.
  stage_after TEXT,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX model_event_by_task ON model_event (task, sequence);
`
}
