/**
 * Lookups at a steady rate, whatever the answers take: what waits is late for those who ask, so each is timed from when it was due
 * (no coordinated omission).
 */
import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Lookups {
  /** Milliseconds, ascending. */
  readonly latenciesMs: readonly number[]
  readonly failures: number
}

const CONNECTIONS = 32

/** @param url of a lookup @param rate a second */
export async function lookUp(url: string, rate: number, seconds: number): Promise<Lookups> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const latenciesMs: number[] = []
  let failures = 0
  const startMs = performance.now()
  const asked: Promise<void>[] = []
  for (let n = 0; n < rate * seconds; n++) {
    const dueMs = startMs + (n * 1_000) / rate
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    asked.push(
      ask(url, agent).then(
        () => void latenciesMs.push(performance.now() - dueMs),
        () => void failures++
      )
    )
  }
  await Promise.all(asked)
  agent.destroy()
  return { latenciesMs: latenciesMs.sort((a, b) => a - b), failures }
}

function ask(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      response.resume()
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 500) resolve()
        else reject(new Error(`expected an answer, got ${response.statusCode}`))
      })
      response.once('error', reject)
    })
    request.once('error', reject)
  })
}

export function quantile(ascending: readonly number[], share: number): number {
  return (
    ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? Number.NaN
  )
}
