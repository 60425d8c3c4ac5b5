/** A5: spam that a gossip partner passes on. The partner is no attacker: its row is labelled benign, the campaign tells the time. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { peerServer } from './agents.ts'
import { plain } from './asking.ts'
import { campaign } from './attacker.ts'

const PARAMETERS = {
  perChunk: {
    name: 'perChunk',
    unit: 'certificates per reconciliation',
    shape: 'log-uniform',
    min: 40,
    max: 900,
    source: 'contract §4.2 A5: 20 times a normal partner'
  },
  gap: {
    name: 'gap',
    unit: 's between reconciliations',
    shape: 'log-uniform',
    min: 20,
    max: 120,
    source: 'contract §1.8: gossipIntervalSecs 60'
  },
  span: {
    name: 'span',
    unit: 's',
    shape: 'log-uniform',
    min: 600,
    max: 14_400,
    source: 'contract §4.1: 3 M certificates in 5 days; cut to a day'
  }
} satisfies Record<string, Parameter>

export const A5: AbuseModel = {
  name: 'A5',
  title: 'spam that a gossip partner relays',
  parameters: PARAMETERS,
  evasions: ['none'],
  campaign(world, slot) {
    const drawn = new Drawn(world.region, slot.draw)
    return campaign(
      slot,
      {
        className: 'A5',
        description: 'spam received from a gossip partner, which relays it',
        drawn,
        label: 'benign'
      },
      () => relay(world, slot, drawn)
    )
  }
}

function* relay(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const { draw } = slot
  const asker = { source: world.places.peers[5] ?? '', agent: peerServer(draw) }
  const perChunk = drawn.value(PARAMETERS.perChunk)
  const gap = drawn.value(PARAMETERS.gap) * 1000
  const endMs = slot.startMs + spanMs(world, drawn.value(PARAMETERS.span))
  for (let atMs = slot.startMs; atMs < endMs; atMs += draw.logNormal(gap, 0.15)) {
    const inserted = Math.round(draw.logNormal(perChunk, 0.3))
    const intent = { kind: 'recon-upsert', inserted, updated: draw.below(4) } as const
    yield plain(asker, atMs, { method: '', target: '', intent })
  }
}
