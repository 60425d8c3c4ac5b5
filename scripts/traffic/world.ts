/** What a behaviour is given, and what it must say of itself. */
import type { Activity, ClassName } from './client.ts'
import type { Draw } from './draw.ts'
import type { KeyBase } from './keyserver/key-base.ts'
import type { Parameter } from './parameter.ts'
import type { Populations } from './population/populations.ts'
import { drawIn, type Evasion, type Region } from './regions.ts'

export interface World {
  readonly span: { readonly fromMs: number; readonly toMs: number }
  readonly region: Region
  readonly keys: KeyBase
  readonly places: Populations
  readonly draw: Draw
  readonly host: string
}

interface Described {
  readonly name: ClassName
  readonly title: string
  readonly parameters: Readonly<Record<string, Parameter>>
}

export interface BenignModel extends Described {
  /** Visits in the order of their start. @param perSecond requests of this class, as a mean over the day */
  readonly plan: (world: World, perSecond: number) => Iterator<Activity>
  /** Gatherings beside the daily visits. */
  readonly crowds?: (world: World) => Iterator<Activity>
}

export interface CampaignSlot {
  readonly id: string
  readonly startMs: number
  readonly draw: Draw
  readonly evasion: Evasion
}

export interface AbuseModel extends Described {
  /** Ways in which this kind can hide; what the region does not own is left out. */
  readonly evasions: readonly Evasion[]
  readonly campaign: (world: World, slot: CampaignSlot) => Activity
}

/** Draws parameters in the region and remembers them for the label file. */
export class Drawn {
  readonly values: Record<string, number | string> = {}
  readonly #region: Region
  readonly #draw: Draw

  constructor(region: Region, draw: Draw) {
    this.#region = region
    this.#draw = draw
  }

  value(parameter: Parameter): number {
    const value = drawIn(this.#region, parameter, this.#draw)
    this.values[parameter.name] = Number(value.toPrecision(6))
    return value
  }

  count(parameter: Parameter): number {
    return Math.max(1, Math.round(this.value(parameter)))
  }

  note(name: string, value: string | number): void {
    this.values[name] = value
  }
}

/** A campaign that lasts longer than the recording is cut; one that starts late still shows most of what it does. */
export function spanMs(world: World, wantedSeconds: number): number {
  return Math.min(wantedSeconds * 1000, 0.6 * (world.span.toMs - world.span.fromMs))
}
