/** What the node saw of sources at the moments at which it judged them, and what was said of sources: what models learn from. */
import type { Migration } from '../migration.ts'

export const featureCreate: Migration = {
  id: 9,
  name: 'feature-create',
  sql: `
CREATE TABLE feature_row (
  sequence INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  -- 4 and the address of IPv4, or 6 and the first 64 bits of IPv6.
  source BLOB NOT NULL CHECK (length(source) IN (5, 9)),
  -- Of this source until then.
  requests INTEGER NOT NULL CHECK (requests >= 0),
  feature_set_version INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('benign', 'watch', 'throttle', 'ban')),
  -- Probability of abuse, by the model of that moment. Null: none judged.
  score REAL,
  -- The values of all features, packed.
  packed BLOB NOT NULL,
  -- A label covers it: it goes last when there is no room.
  is_labelled INTEGER NOT NULL DEFAULT 0 CHECK (is_labelled IN (0, 1))
) STRICT;

CREATE INDEX feature_row_by_source ON feature_row (source, at_ms);
CREATE INDEX feature_row_by_age ON feature_row (is_labelled, at_ms);

-- What the rows hold together, so that nobody has to count them.
CREATE TABLE feature_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  row_count INTEGER NOT NULL,
  -- Packed values only.
  byte_count INTEGER NOT NULL
) STRICT;

INSERT INTO feature_total (id, row_count, byte_count) VALUES (1, 0, 0);

CREATE TRIGGER feature_row_added AFTER INSERT ON feature_row BEGIN
  UPDATE feature_total SET row_count = row_count + 1, byte_count = byte_count + length(NEW.packed);
END;

CREATE TRIGGER feature_row_removed AFTER DELETE ON feature_row BEGIN
  UPDATE feature_total SET row_count = row_count - 1, byte_count = byte_count - length(OLD.packed);
END;

CREATE TABLE label (
  sequence INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  prefix TEXT NOT NULL,
  -- The first and the last source of the prefix, written as in feature_row.
  first_source BLOB NOT NULL,
  last_source BLOB NOT NULL,
  label TEXT NOT NULL CHECK (label IN ('abuse', 'benign')),
  -- Class of the contract, such as A8. Null: not said.
  class TEXT,
  -- Empty: not said.
  campaign TEXT NOT NULL,
  from_at_ms INTEGER NOT NULL,
  to_at_ms INTEGER NOT NULL CHECK (to_at_ms >= from_at_ms),
  source TEXT NOT NULL
    CHECK (source IN ('operator', 'import', 'verdict', 'lifted-decision', 'rule')),
  weight REAL NOT NULL CHECK (weight > 0 AND weight <= 1),
  -- Id of the alert or decision that it is about; empty: none.
  origin TEXT NOT NULL,
  note TEXT NOT NULL,
  said_by TEXT NOT NULL,
  said_at_ms INTEGER NOT NULL,
  -- Rows up to this time were marked as labelled; beyond all times: all of them.
  marked_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX label_by_prefix ON label (prefix, to_at_ms);
CREATE INDEX label_by_first_source ON label (first_source, to_at_ms);
CREATE INDEX label_by_age ON label (said_at_ms);
CREATE INDEX label_by_mark ON label (marked_at_ms);
CREATE INDEX label_by_source ON label (source, said_at_ms);
`
}
