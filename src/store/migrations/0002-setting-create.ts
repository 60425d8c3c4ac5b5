/** What the operator set: the entries of the allowlist and the blocklist, and the mode. */
import type { Migration } from '../migration.ts'

export const settingCreate: Migration = {
  id: 2,
  name: 'setting-create',
  sql: `
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
`
}
