/** How far the operator's list has been told: a long one takes hours, and goes on after a restart where it was. */
import type { Migration } from '../migration.ts'

export const publishedListProgressAdd: Migration = {
  id: 12,
  name: 'published-list-progress-add',
  sql: `
-- Of a publication that is unfinished; null: there is none.
ALTER TABLE published_list ADD COLUMN started_at_ms INTEGER;
-- 1: asked for by the operator, so that new entries are told too.
ALTER TABLE published_list ADD COLUMN is_asked INTEGER NOT NULL DEFAULT 0 CHECK (is_asked IN (0, 1));
-- So many of the last entries have been said anew since.
ALTER TABLE published_list ADD COLUMN restated INTEGER NOT NULL DEFAULT 0;
`
}
