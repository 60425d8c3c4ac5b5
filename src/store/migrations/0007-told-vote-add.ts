/** Until when the own vote on a told prefix holds: what was warned of and not yet voted on is known after a crash as well. */
import type { Migration } from '../migration.ts'

export const toldVoteAdd: Migration = {
  id: 7,
  name: 'told-vote-add',
  sql: `
-- 0: no vote was said.
ALTER TABLE told_indicator ADD COLUMN voted_until_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE told_indicator SET voted_until_at_ms = ends_at_ms;
-- What others may have to be told of, without the operator's own list, which can be long.
CREATE INDEX decision_detected_by_end ON decision (ends_at_ms)
  WHERE origin = 'detection' AND type <> 'watch';
`
}
