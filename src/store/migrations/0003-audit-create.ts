/**
 * The audit. The triggers keep our own mistakes and a careless hand out; who means harm can drop them, and then the hash
 * chain and the head beside the database tell.
 */
import type { Migration } from '../migration.ts'

export const auditCreate: Migration = {
  id: 3,
  name: 'audit-create',
  sql: `
CREATE TABLE audit_entry (
  -- 1, 2, 3 … without gaps.
  sequence INTEGER PRIMARY KEY,
  -- Sequence of the first entry that was committed together with this one.
  batch INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  -- JSON; null: there was nothing before, or is nothing after.
  before TEXT,
  after TEXT,
  reason TEXT NOT NULL,
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_entry_by_target ON audit_entry (target, sequence);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor, sequence);
CREATE INDEX audit_entry_by_action ON audit_entry (action, sequence);
CREATE INDEX audit_entry_by_time ON audit_entry (at_ms, sequence);

CREATE TRIGGER audit_entry_keeps_order BEFORE INSERT ON audit_entry
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit_entry)
BEGIN SELECT RAISE(ABORT, 'an audit entry can only follow the last one'); END;
CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
CREATE TRIGGER audit_entry_is_never_removed BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'an audit entry is never removed'); END;
`
}
