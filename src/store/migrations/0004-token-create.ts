/** API tokens. Only the SHA-256 of a token is kept: 32 random bytes need no slow hash. */
import type { Migration } from '../migration.ts'

export const tokenCreate: Migration = {
  id: 4,
  name: 'token-create',
  sql: `
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
`
}
