/** Who was who in a recording, with the campaign of each: rows of one source together, as the evaluation of a replay groups them. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type AddressText, findAddress } from '../../../src/base/index.ts'

export interface SourceLabel {
  /** Who is harmless in one row and abusive in another is both. */
  label: 'abuse' | 'benign' | 'mixed'
  /** Begin of the first activity of each class. */
  readonly fromMsByClass: Record<string, number>
  /** Of its first row; empty for harmless traffic. */
  readonly campaign: string
}

export type SourceLabels = ReadonlyMap<AddressText, SourceLabel>

/** @throws {TypeError} if a row names no address or no known label */
export async function readLabels(file: string): Promise<SourceLabels> {
  const labels = new Map<AddressText, SourceLabel>()
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() === '') continue
    const row: Readonly<Record<string, unknown>> = JSON.parse(line)
    const source = findAddress(String(row['source']))
    const label = row['label']
    if (source === undefined) throw new TypeError(`expected an address in ${file}, got ${line}`)
    if (label !== 'abuse' && label !== 'benign' && label !== 'mixed') {
      throw new TypeError(`expected abuse, benign or mixed in ${file}, got ${line}`)
    }
    const campaign = label === 'abuse' ? String(row['campaign'] ?? '') : ''
    const known = labels.get(source) ?? { label, fromMsByClass: {}, campaign }
    if (known.label !== label) known.label = 'mixed'
    const name = String(row['class'])
    const fromMs = Date.parse(String(row['from']))
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
