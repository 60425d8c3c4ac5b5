/** A18: strangers knock at the gossip port. HAProxy never sees them; only Hockeypuck's log tells. */
import type { Client } from '../client.ts'
import type { Parameter } from '../parameter.ts'
import type { AbuseModel, CampaignSlot, Drawn, World } from '../world.ts'
import { plain } from './asking.ts'
import { Attacker, abuseModel } from './attacker.ts'

const PARAMETERS = {
  probes: {
    name: 'probes',
    unit: 'per campaign',
    shape: 'log-uniform',
    min: 4,
    max: 120,
    source: 'contract §4.2 A18: few; recording: 22, 25'
  },
  gap: {
    name: 'gap',
    unit: 's',
    shape: 'log-uniform',
    min: 0.5,
    max: 120,
    source: 'recording: 9–12 s; assumed wider'
  }
} satisfies Record<string, Parameter>

export const A18: AbuseModel = abuseModel(
  {
    name: 'A18',
    description: 'connections to the gossip port from unknown addresses',
    title: 'probing the gossip port',
    parameters: PARAMETERS,
    evasions: ['none', 'jitter', 'prefix-rotation']
  },
  knock
)

function* knock(world: World, slot: CampaignSlot, drawn: Drawn): Client {
  const attacker = new Attacker(world, slot, {
    family: 'scanner',
    meanGapMs: drawn.value(PARAMETERS.gap) * 1000,
    variation: 0.5
  })
  let atMs = slot.startMs
  for (let left = drawn.count(PARAMETERS.probes); left > 0; left--) {
    // Strangers are turned away at once; only loopback addresses get further.
    const answer = yield plain(attacker.asker(), atMs, {
      method: '',
      target: '',
      intent: { kind: 'recon-probe', error: undefined }
    })
    atMs += attacker.pause(answer)
  }
}
