/** What this node has told others of its own: so that it can be taken back, and told again before it ends. */
import type { Migration } from '../migration.ts'

export const sharingCreate: Migration = {
  id: 6,
  name: 'sharing-create',
  sql: `
-- A prefix that an own alert names, and the decision for which it does.
CREATE TABLE told_indicator (
  network BLOB NOT NULL REFERENCES network (id) ON DELETE CASCADE,
  -- The id of the event.
  alert BLOB NOT NULL CHECK (length(alert) = 32),
  decision TEXT NOT NULL,
  prefix TEXT NOT NULL,
  -- What others may know of the decision.
  shared TEXT NOT NULL CHECK (json_valid(shared)),
  -- over: the decision ended and was not wrong; withdrawn: it was, and others have not been told yet.
  state TEXT NOT NULL CHECK (state IN ('standing', 'over', 'withdrawn')),
  ends_at_ms INTEGER NOT NULL,
  PRIMARY KEY (network, alert, decision, prefix)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_indicator_by_decision ON told_indicator (decision);
CREATE INDEX told_indicator_by_prefix ON told_indicator (prefix, state);
CREATE INDEX told_indicator_by_state ON told_indicator (state) WHERE state = 'withdrawn';
CREATE INDEX told_indicator_by_end ON told_indicator (ends_at_ms);

-- The operator's list as others know it. Outlives the membership: versions never go back.
CREATE TABLE published_list (
  network BLOB PRIMARY KEY NOT NULL CHECK (length(network) = 16),
  version INTEGER NOT NULL,
  entries TEXT NOT NULL CHECK (json_valid(entries)),
  -- Since when every entry has been said anew. Null: not in this membership.
  stated_at_ms INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO published_list (network, version, entries, stated_at_ms)
  SELECT unhex(substr(key, 17)), json_extract(CAST(value AS TEXT), '$.version'),
    json_extract(CAST(value AS TEXT), '$.entries'), 0
  FROM peer_value WHERE key >= '/netminder-list/' AND key < '/netminder-list0';
DELETE FROM peer_value WHERE key >= '/netminder-list/' AND key < '/netminder-list0';
`
}
