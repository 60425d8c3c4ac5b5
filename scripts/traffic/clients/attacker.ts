/** How an abuser looks from outside, whatever it does: addresses, program and pace, and how each of them hides. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Activity, Agent, Answer, ClassName, Client, Label } from '../client.ts'
import { gapMs } from '../clock/arrivals.ts'
import type { Draw } from '../draw.ts'
import { type AbuseModel, type CampaignSlot, Drawn, spanMs, type World } from '../world.ts'
import { agentOf, type FamilyName, gnupg, impossibleBrowser } from './agents.ts'
import type { Asker } from './asking.ts'

export interface AttackerOptions {
  readonly family: FamilyName
  /** Where it sends from unless its evasion says otherwise. @default a server, or for some a home */
  readonly from?: 'server' | 'home' | 'tor' | readonly AddressText[]
  readonly meanGapMs: number
  /** Of a plain program, std/mean of gaps. */
  readonly variation: number
}

const ROTATE_EVERY = 12
/** Abusers, or machines in their hands, that are neighbours of harmless people. Assumed. */
const AT_HOME_SHARE = 0.25
/** HAProxy closes a connection that is idle for longer. */
const KEPT_MAX_MS = 4_000

export class Attacker {
  readonly #world: World
  readonly #slot: CampaignSlot
  readonly #options: AttackerOptions
  readonly #prefix: string
  readonly #isAtHome: boolean
  #source: AddressText
  #agent: Agent
  #sent = 0
  /** Some claim to speak for others; some keep their connection. */
  readonly #spoofs: boolean
  readonly #keepsAlive: boolean
  #burstLeft = 0
  /** Refusals until it takes another address. */
  #patience: number
  /** Refusals until its owner gives up. */
  #refusalsLeft: number

  constructor(world: World, slot: CampaignSlot, options: AttackerOptions) {
    this.#world = world
    this.#slot = slot
    this.#options = options
    this.#prefix = world.places.prefix64('hosting', slot.draw)
    this.#isAtHome = slot.draw.chance(AT_HOME_SHARE)
    this.#source = this.#newSource()
    this.#agent = this.#newAgent()
    this.#patience = slot.draw.between(1, 8)
    this.#refusalsLeft = slot.draw.chance(0.5) ? slot.draw.between(3, 40) : Number.POSITIVE_INFINITY
    this.#spoofs = slot.draw.chance(0.1)
    this.#keepsAlive = slot.draw.chance(0.25)
  }

  /** The next request's sender. */
  asker(): Asker {
    const { evasion } = this.#slot
    this.#sent++
    if (evasion === 'prefix-rotation' && this.#sent % 4 === 0) this.#source = this.#newSource()
    if (evasion === 'agent-rotation' && this.#sent % ROTATE_EVERY === 0)
      this.#agent = this.#newAgent()
    return {
      source: this.#source,
      agent: this.#agent,
      ...(this.#spoofs ? { forwardedFor: spoofed(this.#slot.draw) } : {}),
      ...(this.#keepsAlive && this.#options.meanGapMs < KEPT_MAX_MS ? { isKept: true } : {})
    }
  }

  /** Until the next request, once this one is answered; infinite once it has given up. */
  pause(answer: Answer): number {
    const { draw, evasion } = this.#slot
    const isRefused =
      answer.outcome === 'denied' || answer.outcome === 'tarpitted' || answer.outcome === 'failed'
    if (isRefused && --this.#refusalsLeft < 0) return Number.POSITIVE_INFINITY
    if (isRefused && evasion === 'rotation-on-refusal' && --this.#patience <= 0) {
      this.#patience = draw.between(1, 8)
      this.#source = this.#newSource()
      return draw.logNormal(20_000, 0.5)
    }
    const { meanGapMs, variation } = this.#options
    if (evasion === 'bursts') {
      if (this.#burstLeft-- > 0) return draw.exponential(meanGapMs * 0.25)
      this.#burstLeft = draw.between(3, 14)
      return draw.exponential(meanGapMs * 7)
    }
    return gapMs({ gapMs: meanGapMs, variation: evasion === 'jitter' ? 1.1 : variation }, draw)
  }

  #newSource(): AddressText {
    const { places } = this.#world
    const { draw, evasion } = this.#slot
    const { from = this.#isAtHome ? 'home' : 'server' } = this.#options
    if (typeof from === 'object') return draw.pick(from)
    if (evasion === 'prefix-rotation') return places.addressIn(this.#prefix, draw)
    if (from === 'tor') return places.abusedExit(draw)
    return places.noteAbuser(from === 'home' ? places.newUser(draw) : places.server(draw))
  }

  #newAgent(): Agent {
    const { region } = this.#world
    const { draw, evasion } = this.#slot
    if (evasion === 'gpg-mimicry') return gnupg()
    if (evasion === 'browser-mimicry')
      return { ...agentOf('browser', region, draw), tool: 'browser-mimicry' }
    if (evasion === 'agent-rotation' && draw.chance(0.5)) return impossibleBrowser(region, draw)
    return agentOf(this.#options.family, region, draw)
  }
}

function spoofed(draw: Draw): string {
  return `${draw.between(11, 99)}.${draw.below(256)}.${draw.below(256)}.${draw.between(1, 254)}`
}

export interface CampaignFacts {
  readonly className: ClassName
  readonly description: string
  readonly drawn: Drawn
  /** @default 'abuse' */
  readonly label?: Label
  readonly campaign?: string
}

/** A kind whose campaigns draw their parameters first, and then act. @param act draws nothing before it is asked for its first step */
export function abuseModel(
  kind: Omit<AbuseModel, 'campaign'> & { readonly description: string },
  act: (world: World, slot: CampaignSlot, drawn: Drawn) => Client
): AbuseModel {
  const { description, ...model } = kind
  return {
    ...model,
    campaign(world, slot) {
      const drawn = new Drawn(world.region, slot.draw)
      return campaign(slot, { className: kind.name, description, drawn }, () =>
        act(world, slot, drawn)
      )
    }
  }
}

export function campaign(slot: CampaignSlot, facts: CampaignFacts, open: () => Client): Activity {
  return {
    className: facts.className,
    label: facts.label ?? 'abuse',
    campaign: facts.campaign ?? slot.id,
    startMs: slot.startMs,
    open,
    about: { description: facts.description, evasion: slot.evasion, parameters: facts.drawn.values }
  }
}

/** A swarm's members act together: times of all of them, sorted, over the span. */
export function swarmTimes(
  draw: Draw,
  plan: {
    readonly count: number
    readonly startMs: number
    readonly spanMs: number
    readonly variation: number
  }
): Generator<number, void, void> {
  return times(draw, plan)
}

function* times(
  draw: Draw,
  plan: {
    readonly count: number
    readonly startMs: number
    readonly spanMs: number
    readonly variation: number
  }
): Generator<number, void, void> {
  const mean = plan.spanMs / plan.count
  let atMs = plan.startMs
  for (let i = 0; i < plan.count; i++) {
    yield atMs
    atMs += gapMs({ gapMs: mean, variation: plan.variation }, draw)
  }
}

/** Of a swarm that would go on after the recording has ended, the part that is seen: its pace stays what it is. */
export function cutToSpan(
  world: World,
  count: number,
  perSecond: number
): { readonly count: number; readonly spanMs: number } {
  const length = spanMs(world, count / perSecond)
  const seen = Math.max(1, Math.round((length / 1000) * perSecond))
  return { count: Math.min(count, seen), spanMs: length }
}
