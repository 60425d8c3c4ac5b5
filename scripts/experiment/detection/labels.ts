/** Who was who in a recording, with the campaign of each: rows of one source together, as the evaluation of a replay groups them. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AddressText } from '../../../src/base/index.ts'
import { readLabels } from '../../../src/datasets/index.ts'

export interface SourceLabel {
  /** Who is harmless in one row and abusive in another is both. */
  label: 'abuse' | 'benign' | 'mixed'
  /** Begin of the first activity of each class. */
  readonly fromMsByClass: Record<string, number>
  /** Of its first row; empty for harmless traffic. */
  readonly campaign: string
}

export type SourceLabels = ReadonlyMap<AddressText, SourceLabel>

/** @throws {DatasetError} if it is no truth of a recording */
export async function readSourceLabels(file: string): Promise<SourceLabels> {
  const labels = new Map<AddressText, SourceLabel>()
  for (const { source, label, class: name, campaign, fromMs } of await readLabels(file, {
    isTruth: true
  })) {
    const known = labels.get(source) ?? {
      ...{ label, fromMsByClass: {} },
      campaign: label === 'abuse' ? campaign : ''
    }
    if (known.label !== label) known.label = 'mixed'
    known.fromMsByClass[name] = Math.min(known.fromMsByClass[name] ?? fromMs, fromMs)
    labels.set(source, known)
  }
  return labels
}

export interface CampaignFacts {
  /** Requests a second of all its sources together, as the generator or the recording measured it. */
  readonly pace: number
  readonly description: string
  /** How it hides; empty if nobody says. */
  readonly evasion: string
}

export async function readCampaigns(file: string): Promise<ReadonlyMap<string, CampaignFacts>> {
  const campaigns = new Map<string, CampaignFacts>()
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() === '') continue
    const { campaign, requests_per_second: pace, description, evasion } = JSON.parse(line)
    campaigns.set(String(campaign), {
      pace: Number(pace),
      description: String(description ?? ''),
      evasion: String(evasion ?? '')
    })
  }
  return campaigns
}
