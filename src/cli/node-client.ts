/** The running node of a data directory, ready to be asked. */
import { readFileSync } from 'node:fs'
import { ApiClient, ApiClientError, findApi } from '../api/index.ts'
import { messageOf } from '../base/index.ts'
import { holdsLock, storePaths } from '../store/index.ts'
import { type Places, readPlaces } from './command-parts.ts'
import { CliError } from './errors.ts'

/** @throws {ConfigError | CLI_INPUT_MISSING} */
export function connect(places: Places): ApiClient {
  const { config, paths } = readPlaces(places)
  const { dataDir, tokenFile } = places
  const found = findApi({
    addressFile: paths.apiAddress,
    tokenFile: tokenFile ?? paths.adminToken,
    isTokenNamed: tokenFile !== undefined,
    isNode: (pid) => holdsLock(storePaths(dataDir).lock, pid),
    host: config.api.host,
    port: config.api.port,
    socketPath: config.api.socketPath
  })
  return new ApiClient(tokenFile === undefined ? found : { ...found, token: readToken(tokenFile) })
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new CliError('CLI_INPUT_MISSING', `could not read the token: ${messageOf(cause)}`, {
      cause
    })
  }
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof ApiClientError && error.code === 'API_UNREACHABLE'
}

const PAGE_LIMIT = 1_000
/** As many pages as a list of a million entries has. */
const PAGES_MAX = 1_001

/** Every item of a paged answer, one after the other. */
export async function* allItems<T>(
  ask: (page: { limit: number; cursor?: string }) => Promise<{
    readonly items: readonly T[]
    readonly next_cursor: string | null
  }>
): AsyncGenerator<T> {
  let cursor: string | null = null
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await ask({ limit: PAGE_LIMIT, ...(cursor === null ? {} : { cursor }) })
    yield* page.items
    cursor = page.next_cursor
    if (cursor === null) return
  }
}

/** The first `limit` items. */
export async function* firstItems<T>(items: AsyncGenerator<T>, limit: number): AsyncGenerator<T> {
  let left = limit
  for await (const item of items) {
    yield item
    if (--left === 0) return
  }
}
