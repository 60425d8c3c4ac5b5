/**
 * Finds the running node of a data directory: where its API listens, and the token that this user may read. While no node runs
 * any program of this machine may listen on the port, so the token goes only to a node that is proven.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import * as z from 'zod'
import type { ApiClientOptions } from './api-client.ts'

export interface ApiPlaces {
  /** File that the running node writes (`api.json` of the data directory). */
  readonly addressFile: string
  readonly tokenFile: string
  /** The operator named this token: it is sent to wherever the node should be. @default false */
  readonly isTokenNamed?: boolean
  /** Whether this process is the node that runs in the data directory. */
  readonly isNode: (pid: number) => boolean
  /** Where the node would listen by its configuration, if the file is not there. */
  readonly host: string
  readonly port: number
  readonly socketPath: string
}

const addressSchema = z.object({
  url: z.url(),
  socketPath: z.string().nullable(),
  pid: z.int().positive()
})

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
  const token = readText(places.tokenFile)?.trim() || undefined
  const isProven =
    token === undefined ||
    places.isTokenNamed === true ||
    (running.success && places.isNode(running.data.pid))
  if (socketPath !== null && isWritable(socketPath)) {
    if (isProven || isOfOwner(socketPath, places.tokenFile)) return { url, socketPath, token }
  }
  if (isProven) return { url, token }
  return {
    url,
    refusal: `expected a running node at ${url}, got none that holds the lock of its data directory; is it started (netminder start, systemctl status netminder)? No other program is given the token, unless --token-file names it`
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

/** In a directory where everybody may write anybody can put a socket while no node runs. */
function isOfOwner(socketPath: string, tokenFile: string): boolean {
  try {
    const { uid } = statSync(socketPath)
    return uid === statSync(tokenFile).uid || uid === 0
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
