/** The schema that the migrations make is the one in schema.sql; `node test/store/schema.test.ts --write` renews that file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { equal, is, ok } from 'uvu/assert'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { makeStore, removeStore } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('schema')
const FILE = fileURLToPath(new URL('schema.sql', import.meta.url))

interface SchemaRow {
  readonly type: string
  readonly name: string
  readonly sql: string | null
}

function schemaRows(): SchemaRow[] {
  const store = makeStore()
  try {
    return store.db
      .prepare<[], SchemaRow>(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type DESC, name"
      )
      .all()
  } finally {
    removeStore(store)
  }
}

test('is the one that is written down', () => {
  const dump = `${schemaRows()
    .map(({ sql }) => `${sql};\n`)
    .join('\n')}`
  if (process.argv.includes('--write')) writeFileSync(FILE, dump)
  is(readFileSync(FILE, 'utf8'), dump)
})

test('has strict tables with singular names and times in milliseconds', () => {
  const tables = schemaRows().filter(({ type }) => type === 'table')
  ok(tables.length >= 8)
  for (const { name, sql } of tables) {
    ok(/\) STRICT(, WITHOUT ROWID)?$/.test(sql ?? ''), `${name} is not STRICT`)
    ok(!name.endsWith('s') || name.endsWith('ss'), `${name} is not singular`)
    ok(!/\b\w+_(at|time)\b/.test(sql ?? ''), `${name} has a time without a unit`)
  }
})

test('numbers its migrations without gaps and names them as noun and verb', () => {
  equal(
    MIGRATIONS.map(({ id }) => id),
    MIGRATIONS.map((_, i) => i + 1)
  )
  for (const { name } of MIGRATIONS) ok(/^[a-z]+(-[a-z]+)*-[a-z]+$/.test(name), name)
})
