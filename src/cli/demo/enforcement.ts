/** Where the demo's node carries its decisions out, looked at from outside: what really stands there. */
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { displayPrefix, findPrefix, type PrefixText } from '../../base/index.ts'
import type { ConfigInput } from '../../config/index.ts'
import { type DemoHaproxy, THROTTLE_TABLE } from './haproxy.ts'

export type AppliedType = 'ban' | 'throttle'

export interface Enforcement {
  readonly actuators: NonNullable<ConfigInput['actuators']>
  /** Makes the list files that are to be written. */
  prepare(): Promise<void>
  isHeld(type: AppliedType, prefix: PrefixText): Promise<boolean>
  /** Where an entry of this type stands, in words. */
  placeOf(type: AppliedType): string
  /** Status of a real request from an address, `closed` without an answer; undefined where nothing could be asked. */
  request(address: string): Promise<number | 'closed' | undefined>
}

/** The real HAProxy: a ban stands in its file and in its running list, a throttle in its table. */
export class HaproxyEnforcement implements Enforcement {
  readonly #haproxy: DemoHaproxy

  constructor(haproxy: DemoHaproxy) {
    this.#haproxy = haproxy
  }

  get actuators(): NonNullable<ConfigInput['actuators']> {
    const { listPath, socketPath } = this.#haproxy
    return [{ kind: 'haproxy', name: 'haproxy', listPath, socket: socketPath }]
  }

  async prepare(): Promise<void> {
    await writeFile(this.#haproxy.listPath, '')
  }

  async isHeld(type: AppliedType, prefix: PrefixText): Promise<boolean> {
    if (type === 'throttle') return await this.#haproxy.isThrottled(prefix)
    const isInFile = await isInList(this.#haproxy.listPath, prefix)
    return isInFile && (await this.#haproxy.isListed(prefix))
  }

  placeOf(type: AppliedType): string {
    return type === 'throttle'
      ? `table ${THROTTLE_TABLE} of HAProxy`
      : `${basename(this.#haproxy.listPath)} and the running list of HAProxy`
  }

  async request(address: string): Promise<number | 'closed'> {
    return (await this.#haproxy.request(address)) ?? 'closed'
  }
}

/** Without HAProxy: one list file for each type, as other proxies and firewalls read them. */
export class FileEnforcement implements Enforcement {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  get actuators(): NonNullable<ConfigInput['actuators']> {
    return (['ban', 'throttle'] as const).map((action) => ({
      kind: 'plain-list',
      name: action,
      listPath: this.#pathOf(action),
      action
    }))
  }

  async prepare(): Promise<void> {
    for (const type of ['ban', 'throttle'] as const) await writeFile(this.#pathOf(type), '')
  }

  async isHeld(type: AppliedType, prefix: PrefixText): Promise<boolean> {
    return await isInList(this.#pathOf(type), prefix)
  }

  placeOf(type: AppliedType): string {
    return this.#pathOf(type)
  }

  async request(): Promise<undefined> {
    return undefined
  }

  #pathOf(type: AppliedType): string {
    return join(this.#folder, `${type}.list`)
  }
}

async function isInList(file: string, prefix: PrefixText): Promise<boolean> {
  const found = findPrefix(prefix)
  const line = found === undefined ? prefix : displayPrefix(found)
  return (await readFile(file, 'utf8')).split('\n').includes(line)
}

/** No entry, whatever else stands there. */
export async function isListEmpty(file: string): Promise<boolean> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.every((line) => line.trim() === '' || line.startsWith('#'))
}
