/**
 * One step of the schema. The SQL is text in a TypeScript module and not a .sql file, because the compiler copies no other
 * files to dist/: so the program that runs from there and the one that runs from src/ have the same steps, and none can be missing.
 */
export interface Migration {
  /** 1, 2, 3 … without gaps; becomes `user_version`. */
  readonly id: number
  /** noun-verb, as in the name of its file. */
  readonly name: string
  /** Never edited once released: its SHA-256 stands in every database that it made. */
  readonly sql: string
}
