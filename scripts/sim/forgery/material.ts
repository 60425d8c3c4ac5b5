/** Two networks, authors who speak in both, and what an attacker could have got hold of. */
import { type BenchNode, expectAccepted, openBenchNode } from '../../bench/network/bench-node.ts'
import {
  alertBody,
  announceBody,
  benchNetwork,
  HOUR_MS,
  START_MS,
  seal,
  seededSigner
} from '../../bench/network/signed-events.ts'
import type { Material } from './attacks.ts'

const AUTHORS = 50
/** Within an author's quota, the announce and the controls included. */
const EVENTS_AN_AUTHOR = 20
const MINUTE_MS = 60_000

export interface Scene {
  readonly node: BenchNode
  readonly material: Material
}

export async function setScene(seed: number): Promise<Scene> {
  const network = benchNetwork(`forgery ${seed}`)
  const other = benchNetwork(`forgery, other ${seed}`)
  const node = openBenchNode([network, other])
  const authors = Array.from({ length: AUTHORS }, (_, i) => seededSigner(`author ${seed} ${i}`))
  for (const joined of [network, other]) {
    for (const author of authors) {
      const body = announceBody(joined, author)
      await expectAccepted(node, seal({ author, network: joined, seq: 1n, body, tsMs: START_MS }))
    }
  }
  let number = 0
  const speak = (
    firstSeq: number,
    at: { readonly in?: typeof network; readonly tsMs?: (i: number) => number } = {}
  ) =>
    authors.flatMap((author) =>
      Array.from({ length: EVENTS_AN_AUTHOR }, (_, i) =>
        seal({
          author,
          network: at.in ?? network,
          seq: BigInt(firstSeq + i),
          body: alertBody(number++),
          tsMs: at.tsMs?.(i) ?? START_MS
        })
      )
    )
  const accepted = speak(100)
  for (const event of accepted) await expectAccepted(node, event)
  const strangers = Array.from({ length: AUTHORS }, (_, i) => seededSigner(`stranger ${seed} ${i}`))
  const unadmitted = strangers.flatMap((author) => {
    // The admission is a good one, to the other network.
    const body = announceBody(other, author)
    const announce = seal({ author, network, seq: 1n, body, tsMs: START_MS })
    return [announce, seal({ author, network, seq: 2n, body: alertBody(number++), tsMs: START_MS })]
  })
  const material = {
    network,
    accepted,
    unseen: speak(200),
    foreign: speak(300, { in: other }),
    unadmitted,
    untimely: speak(400, {
      tsMs: (i) => START_MS + (i % 2 === 0 ? 5 * MINUTE_MS + 1 + i : -10 * MINUTE_MS - 1 - i)
    })
  }
  return { node, material }
}

/** Every unseen event and, after its end, every accepted one: the node still takes what is good and nothing twice. */
export async function checkAfterwards({ node, material }: Scene): Promise<number> {
  for (const event of material.unseen) await expectAccepted(node, event)
  node.clock.jumpTo(START_MS + 30 * HOUR_MS)
  node.intake.expire()
  let accepted = 0
  for (const event of [...material.accepted, ...material.unseen]) {
    const origin = { network: event.network, via: 'sync', peer: 'attacker' } as const
    const { verdict } = await node.intake.submit(event.bytes, origin)
    if (verdict === 'accept') accepted++
  }
  return accepted
}
