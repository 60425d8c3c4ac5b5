/** Finds the running node of a data directory: where its API listens, and the token that this user may read. */
import { accessSync, constants, readFileSync } from 'node:fs'
import * as z from 'zod'
import type { ApiClientOptions } from './api-client.ts'

export interface ApiPlaces {
  /** File that the running node writes (`api.json` of the data directory). */
  readonly addressFile: string
  /** `admin.token` of the data directory. */
  readonly tokenFile: string
  /** Where the node would listen by its configuration, if the file is not there. */
  readonly host: string
  readonly port: number
  readonly socketPath: string
}

const addressSchema = z.object({ url: z.url(), socketPath: z.string().nullable() })

/**
 * Prefers the UNIX socket where this user may use it: reading there needs no token. Never throws: what is missing shows when
 * the API is asked.
 */
export function findApi(places: ApiPlaces): ApiClientOptions {
  const host = places.host.includes(':') ? `[${places.host}]` : places.host
  const configured = {
    url: `http://${host}:${places.port}`,
    socketPath: places.socketPath === '' ? null : places.socketPath
  }
  const running = addressSchema.safeParse(readJson(places.addressFile))
  const { url, socketPath } = running.success ? running.data : configured
  return {
    url,
    ...(socketPath !== null && isWritable(socketPath) ? { socketPath } : {}),
    token: readText(places.tokenFile)?.trim() || undefined
  }
}

/** Connecting to a UNIX socket takes the permission to write to it (unix(7)). */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
