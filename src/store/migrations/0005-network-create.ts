/**
 * Networks: those that were joined, who may speak in them, what was said, and what libp2p remembers of its peers. An event is
 * kept as the bytes that came, so that it can be handed on and verified again.
 */
import type { Migration } from '../migration.ts'

export const networkCreate: Migration = {
  id: 5,
  name: 'network-create',
  sql: `
CREATE TABLE network (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  name TEXT NOT NULL,
  -- The signed document of the network, as it came.
  document BLOB NOT NULL,
  -- What lets this node in, as it is announced; null: a founder needs nothing.
  admission BLOB,
  bootstrap TEXT NOT NULL CHECK (json_valid(bootstrap)),
  joined_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE author (
  -- Stands for network and key in the events.
  number INTEGER PRIMARY KEY,
  network BLOB NOT NULL REFERENCES network (id) ON DELETE CASCADE,
  key BLOB NOT NULL CHECK (length(key) = 32),
  level INTEGER NOT NULL,
  -- Null: let in by a founder, or one himself.
  invitation BLOB CHECK (invitation IS NULL OR length(invitation) = 32),
  admitted_at_ms INTEGER NOT NULL,
  first_seen_at_ms INTEGER NOT NULL,
  -- Numbers whose events are gone: pairs of first and last, 8 bytes each.
  spent BLOB NOT NULL DEFAULT x'',
  UNIQUE (network, key)
) STRICT;

CREATE TABLE revocation (
  network BLOB NOT NULL REFERENCES network (id) ON DELETE CASCADE,
  subject TEXT NOT NULL CHECK (subject IN ('author', 'invitation')),
  key BLOB NOT NULL CHECK (length(key) = 32),
  revoked_by BLOB NOT NULL CHECK (length(revoked_by) = 32),
  reason TEXT NOT NULL,
  revoked_at_ms INTEGER NOT NULL,
  PRIMARY KEY (network, subject, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  -- Order of arrival; never reused, so that a reader can follow what is new.
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  author INTEGER NOT NULL REFERENCES author (number) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  stated_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  via TEXT NOT NULL CHECK (via IN ('gossip', 'sync', 'own')),
  -- How many prefixes it accuses: counts for the author's quota.
  accused INTEGER NOT NULL,
  -- The event that it takes back; null for all kinds but retract.
  target BLOB CHECK (target IS NULL OR length(target) = 32),
  -- The signed envelope, payload and signature, as it came.
  envelope BLOB NOT NULL,
  UNIQUE (author, seq)
) STRICT;
CREATE INDEX event_by_kind ON event (kind);
CREATE INDEX event_by_end ON event (expires_at_ms);
CREATE INDEX event_by_target ON event (target) WHERE target IS NOT NULL;

-- Two events with one number: neither counts, and both are kept as the proof.
CREATE TABLE equivocation (
  network BLOB NOT NULL REFERENCES network (id) ON DELETE CASCADE,
  author BLOB NOT NULL CHECK (length(author) = 32),
  seq INTEGER NOT NULL,
  first_id BLOB NOT NULL CHECK (length(first_id) = 32),
  second_id BLOB NOT NULL CHECK (length(second_id) = 32),
  first BLOB NOT NULL,
  second BLOB NOT NULL,
  detected_at_ms INTEGER NOT NULL,
  PRIMARY KEY (network, author, seq)
) STRICT;
CREATE INDEX equivocation_by_first ON equivocation (first_id);
CREATE INDEX equivocation_by_second ON equivocation (second_id);

-- What libp2p keeps of peers and their addresses; the keys are its own.
CREATE TABLE peer_value (
  key TEXT PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`
}
