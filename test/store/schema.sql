CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;

CREATE TRIGGER audit_entry_is_never_removed BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'an audit entry is never removed'); END;

CREATE TRIGGER audit_entry_keeps_order BEFORE INSERT ON audit_entry
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit_entry)
BEGIN SELECT RAISE(ABORT, 'an audit entry can only follow the last one'); END;

CREATE TRIGGER feature_row_added AFTER INSERT ON feature_row BEGIN
  UPDATE feature_total SET row_count = row_count + 1, byte_count = byte_count + length(NEW.packed);
END;

CREATE TRIGGER feature_row_removed AFTER DELETE ON feature_row BEGIN
  UPDATE feature_total SET row_count = row_count - 1, byte_count = byte_count - length(OLD.packed);
END;

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

CREATE TABLE decision_prefix (
  decision_sequence INTEGER NOT NULL REFERENCES decision (sequence) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  prefix TEXT NOT NULL,
  PRIMARY KEY (decision_sequence, position)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE feature_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  row_count INTEGER NOT NULL,
  -- Packed values only.
  byte_count INTEGER NOT NULL
) STRICT;

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

CREATE TABLE list_entry (
  list TEXT NOT NULL CHECK (list IN ('allowlist', 'blocklist')),
  prefix TEXT NOT NULL,
  note TEXT NOT NULL,
  added_by TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  -- Null: until removed.
  until_at_ms INTEGER,
  PRIMARY KEY (list, prefix)
) STRICT, WITHOUT ROWID;

CREATE TABLE mode_setting (
  -- One row at most; none before the first change.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  overall TEXT NOT NULL,
  by_category TEXT NOT NULL CHECK (json_valid(by_category)),
  -- Null: there is nothing to go back to.
  previous TEXT CHECK (previous IS NULL OR json_valid(previous))
) STRICT;

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

CREATE TABLE peer_value (
  key TEXT PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE published_list (
  network BLOB PRIMARY KEY NOT NULL CHECK (length(network) = 16),
  version INTEGER NOT NULL,
  entries TEXT NOT NULL CHECK (json_valid(entries)),
  -- Since when every entry has been said anew. Null: not in this membership.
  stated_at_ms INTEGER
, started_at_ms INTEGER, is_asked INTEGER NOT NULL DEFAULT 0 CHECK (is_asked IN (0, 1)), restated INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE revocation (
  network BLOB NOT NULL REFERENCES network (id) ON DELETE CASCADE,
  subject TEXT NOT NULL CHECK (subject IN ('author', 'invitation')),
  key BLOB NOT NULL CHECK (length(key) = 32),
  revoked_by BLOB NOT NULL CHECK (length(revoked_by) = 32),
  reason TEXT NOT NULL,
  revoked_at_ms INTEGER NOT NULL,
  PRIMARY KEY (network, subject, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE schema_migration (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  -- SHA-256 of the SQL text.
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  applied_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE suppression (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  value TEXT NOT NULL,
  wanted TEXT NOT NULL,
  category TEXT NOT NULL,
  protected_by TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

CREATE TABLE token (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 8),
  name TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL CHECK (scope IN ('read', 'respond', 'train', 'admin')),
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_at_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  -- Null: never expires.
  expires_at_ms INTEGER,
  -- Null: not revoked.
  revoked_at_ms INTEGER,
  -- Null: not used yet.
  last_used_at_ms INTEGER
) STRICT;

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
  ends_at_ms INTEGER NOT NULL, voted_until_at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (network, alert, decision, prefix)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX audit_entry_by_action ON audit_entry (action, sequence);

CREATE INDEX audit_entry_by_actor ON audit_entry (actor, sequence);

CREATE INDEX audit_entry_by_target ON audit_entry (target, sequence);

CREATE INDEX audit_entry_by_time ON audit_entry (at_ms, sequence);

CREATE INDEX decision_by_creation ON decision (created_at_ms, id, type, category, mode, ends_at_ms);

CREATE INDEX decision_by_end ON decision (ends_at_ms);

CREATE INDEX decision_by_value ON decision (value, created_at_ms);

CREATE INDEX decision_detected_by_end ON decision (ends_at_ms)
  WHERE origin = 'detection' AND type <> 'watch';

CREATE INDEX decision_prefix_by_prefix ON decision_prefix (prefix, decision_sequence);

CREATE INDEX equivocation_by_first ON equivocation (first_id);

CREATE INDEX equivocation_by_second ON equivocation (second_id);

CREATE INDEX event_by_end ON event (expires_at_ms);

CREATE INDEX event_by_kind ON event (kind);

CREATE INDEX event_by_target ON event (target) WHERE target IS NOT NULL;

CREATE INDEX feature_row_by_age ON feature_row (is_labelled, at_ms);

CREATE INDEX feature_row_by_source ON feature_row (source, at_ms);

CREATE INDEX label_by_age ON label (said_at_ms);

CREATE INDEX label_by_first_source ON label (first_source, to_at_ms);

CREATE INDEX label_by_mark ON label (marked_at_ms);

CREATE INDEX label_by_prefix ON label (prefix, to_at_ms);

CREATE INDEX label_by_source ON label (source, said_at_ms);

CREATE UNIQUE INDEX model_champion ON model (task) WHERE stage = 'champion';

CREATE INDEX model_event_by_task ON model_event (task, sequence);

CREATE INDEX suppression_by_time ON suppression (at_ms, sequence);

CREATE INDEX told_indicator_by_decision ON told_indicator (decision);

CREATE INDEX told_indicator_by_end ON told_indicator (ends_at_ms);

CREATE INDEX told_indicator_by_prefix ON told_indicator (prefix, state);

CREATE INDEX told_indicator_by_state ON told_indicator (state) WHERE state = 'withdrawn';

CREATE INDEX training_job_open ON training_job (sequence) WHERE state IN ('queued', 'running');
