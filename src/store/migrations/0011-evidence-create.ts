/** What a model went by when a decision was made: it comes and goes with the decision, and is never changed. */
import type { Migration } from '../migration.ts'

export const evidenceCreate: Migration = {
  id: 11,
  name: 'evidence-create',
  sql: `
CREATE TABLE decision_evidence (
  decision_sequence INTEGER PRIMARY KEY REFERENCES decision (sequence) ON DELETE CASCADE,
  model TEXT NOT NULL,
  -- SHA-256 of the manifest of its package.
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  feature_set_version INTEGER NOT NULL,
  -- Address whose features they are.
  source TEXT NOT NULL,
  -- float32, little-endian, in the order of the features; NaN: not known.
  features BLOB NOT NULL CHECK (length(features) % 4 = 0 AND length(features) <= 16384),
  score REAL NOT NULL,
  -- JSON: thresholds, bias, strongest contributions, the sum of the rest, and the sentence.
  explanation TEXT NOT NULL CHECK (json_valid(explanation) AND length(explanation) <= 16384)
) STRICT;
`
}
