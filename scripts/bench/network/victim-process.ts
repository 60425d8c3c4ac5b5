/** Holds one real node that is flooded, and says when honest alerts reached it. */

import { answer } from './process-link.ts'
import { openRealNode, type RealNode } from './real-node.ts'
import { alertBody } from './signed-events.ts'

export interface Heard {
  /** Of the event. */
  readonly id: string
  /** On the clock that all processes of a machine share. */
  readonly atNs: bigint
}

const HOUR_MS = 3_600_000
let opened: RealNode | undefined
let heard: Heard[] = []

function node(): RealNode['network'] {
  if (opened === undefined) throw new Error('expected an open node')
  return opened.network
}

const handlers = {
  /** @returns the id of this process */
  open: async (): Promise<number> => {
    opened = await openRealNode()
    opened.network.onEvent(({ id, kind }, via) => {
      if (kind !== 'alert' || via === 'own') return
      heard.push({ id: Buffer.from(id).toString('hex'), atNs: process.hrtime.bigint() })
    })
    return process.pid
  },
  create: async () => await node().create({ name: 'flood' }),
  join: async (invitation: string): Promise<void> => {
    await node().join(invitation)
  },
  state: () => {
    const [state] = node().status().networks
    return {
      authors: state?.authors ?? 0,
      mesh: state?.mesh.alert ?? 0,
      addresses: node().status().addresses,
      peers: node().status().connectedPeers,
      queued: node().status().queues.alert,
      scores: node()
        .peers()
        .map(({ score }) => Math.round(score))
    }
  },
  /** @returns when it was said, before anything was done for it */
  publish: async (fields: { readonly network: string; readonly number: number }) => {
    const startNs = process.hrtime.bigint()
    const body = alertBody(fields.number)
    const { id } = await node().publish(fields.network, body, { ttlMs: HOUR_MS })
    return { id, startNs }
  },
  /** Since the last time that it was asked. */
  takeHeard: (): readonly Heard[] => {
    const taken = heard
    heard = []
    return taken
  },
  close: async (): Promise<void> => {
    await opened?.close()
  }
}

export type VictimHandlers = typeof handlers

answer(handlers)
