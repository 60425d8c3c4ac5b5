/**
 * Decisions, what they cover, and the verdicts that led to nothing. `ends_at_ms` is the earlier of the end of the TTL and the
 * lift, so that "in force" is one comparison with an index.
 */
import type { Migration } from '../migration.ts'

export const decisionCreate: Migration = {
  id: 1,
  name: 'decision-create',
  sql: `
CREATE TABLE decision (
  -- Never reused, so that a reader can follow what is new.
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  -- UUID, 16 bytes.
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  scope TEXT NOT NULL,
  value TEXT NOT NULL,
  type TEXT NOT NULL,
  category TEXT NOT NULL,
  origin TEXT NOT NULL,
  mode TEXT NOT NULL,
  score REAL NOT NULL,
  reasons TEXT NOT NULL CHECK (json_valid(reasons)),
  line_hashes TEXT NOT NULL CHECK (json_valid(line_hashes)),
  -- Null: rules judged, no model.
  model TEXT,
  offence INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  until_at_ms INTEGER NOT NULL,
  -- Null, with the two below: not lifted.
  lifted_at_ms INTEGER,
  lifted_by TEXT,
  lift_reason TEXT,
  ends_at_ms INTEGER NOT NULL
    GENERATED ALWAYS AS (min(until_at_ms, coalesce(lifted_at_ms, until_at_ms))) STORED
) STRICT;
-- With the columns of the filters, so that looking for a rare one reads the index alone.
CREATE INDEX decision_by_creation ON decision (created_at_ms, id, type, category, mode, ends_at_ms);
CREATE INDEX decision_by_end ON decision (ends_at_ms);
CREATE INDEX decision_by_value ON decision (value, created_at_ms);

CREATE TABLE decision_prefix (
  decision_sequence INTEGER NOT NULL REFERENCES decision (sequence) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  prefix TEXT NOT NULL,
  PRIMARY KEY (decision_sequence, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX decision_prefix_by_prefix ON decision_prefix (prefix, decision_sequence);

CREATE TABLE suppression (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  value TEXT NOT NULL,
  wanted TEXT NOT NULL,
  category TEXT NOT NULL,
  protected_by TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX suppression_by_time ON suppression (at_ms, sequence);
`
}
