/** An actuator on a fixture, with its time, its never-block rule and its record in the hands of the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Actuator,
  type ActuatorEntry,
  type ActuatorOptions,
  createActuator,
  sweepActuators
} from '../../src/keyserver/index.ts'
import type { HaproxyFixture } from './haproxy.ts'

export const UNTIL_MS = 61_000

export function ban(prefix: string, untilMs = UNTIL_MS): ActuatorEntry {
  return { prefix: whole(prefix), action: 'ban', untilMs, decisionId: 'd' }
}

export function throttle(prefix: string, untilMs = UNTIL_MS): ActuatorEntry {
  return { prefix: whole(prefix), action: 'throttle', untilMs, decisionId: 'd' }
}

function whole(prefix: string): string {
  if (prefix.includes('/')) return prefix
  return prefix.includes(':') ? `${prefix}/128` : `${prefix}/32`
}

export class Bench {
  readonly signal = new AbortController().signal
  readonly recordDir = mkdtempSync(join(tmpdir(), 'netminder-records-'))
  readonly options: Extract<ActuatorOptions, { kind: 'haproxy' }>
  readonly protectedPrefixes = new Map<string, string>()
  nowMs = 1_000

  constructor(haproxy: HaproxyFixture, changes: Partial<Bench['options']> = {}) {
    this.options = {
      kind: 'haproxy',
      name: 'haproxy',
      listPath: haproxy.listPath,
      listPathInProxy: '',
      socket: haproxy.socketPath,
      throttleTable: 'st_info_crawler',
      commandTimeoutMs: 5_000,
      ...changes
    }
  }

  get recordPath(): string {
    return join(this.recordDir, 'haproxy.json')
  }

  /** A new one each time, as after a restart of the daemon: what it knows, it knows from the record. */
  actuator(changes: Partial<Bench['options']> = {}): Actuator {
    return createActuator(
      { ...this.options, ...changes },
      {
        recordDir: this.recordDir,
        findProtection: (prefix) => this.protectedPrefixes.get(prefix),
        nowMs: () => this.nowMs
      }
    )
  }

  async apply(...desired: readonly ActuatorEntry[]) {
    return await this.actuator().apply(desired, this.signal)
  }

  async sweep(isAll = false) {
    const how = { recordDir: this.recordDir, nowMs: this.nowMs, isAll }
    return await sweepActuators([this.options], how, this.signal)
  }

  dispose(): void {
    rmSync(this.recordDir, { recursive: true, force: true })
  }
}

/** Every failure of an actuator is one of the room's, with its code. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error)
  }
  return 'no error'
}
