/** The recorded traffic that the demo plays, and the truth about who was who in it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { messageOf } from '../../base/index.ts'
import { CliError } from '../errors.ts'
import type { TimedLine } from './line-shift.ts'
import { readRecording } from './traffic-player.ts'

export interface Recording {
  readonly haproxy: readonly TimedLine[]
  readonly hockeypuck: readonly TimedLine[]
  /** Addresses that did nothing but harmless things. */
  readonly harmless: ReadonlySet<string>
  /** Gateways with harmless clients and an abuser behind one address. */
  readonly shared: ReadonlySet<string>
  readonly reconPartners: readonly string[]
}

const truthRow = z.object({
  source: z.string(),
  label: z.enum(['benign', 'abuse', 'mixed']),
  campaign: z.string()
})
type TruthRow = z.output<typeof truthRow>

/** @throws {CLI_INPUT_MISSING | CLI_INPUT_INVALID} */
export async function loadRecording(folder: string): Promise<Recording> {
  const [haproxy, hockeypuck, truth] = await Promise.all([
    readRecording(join(folder, 'haproxy.log.gz'), 'haproxy'),
    readRecording(join(folder, 'hockeypuck.log.gz'), 'hockeypuck'),
    readTruth(join(folder, 'truth.jsonl'))
  ])
  const guilty = new Set(truth.filter((row) => row.label !== 'benign').map((row) => row.source))
  const harmless = truth.map((row) => row.source).filter((source) => !guilty.has(source))
  const shared = truth.filter((row) => row.label === 'mixed').map((row) => row.source)
  const partners = truth.filter((row) => row.campaign === 'recon-peer').map((row) => row.source)
  return {
    haproxy,
    hockeypuck,
    harmless: new Set(harmless),
    shared: new Set(shared),
    reconPartners: [...new Set(partners)]
  }
}

async function readTruth(file: string): Promise<TruthRow[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const message = `expected the truth about a recording at ${file}, got: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_MISSING', message, { cause })
  })
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, index) => {
    try {
      return truthRow.parse(JSON.parse(line))
    } catch (cause) {
      const message = `expected a source with its label at ${file}:${index + 1}, got something else`
      throw new CliError('CLI_INPUT_INVALID', message, { cause })
    }
  })
}
