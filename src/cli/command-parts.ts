/** What the commands are made of: common options, argument parsers with one clear sentence, examples under every help. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type Clock,
  displayPrefix,
  findPrefix,
  formatDuration,
  NetminderError,
  parseDurationMs
} from '../base/index.ts'
import { dataPaths, loadConfig, resolveDataDir } from '../config/index.ts'
import type { OutputFormat } from './context.ts'

export interface LeafText {
  readonly summary: string
  /** Command lines without the leading `netminder`, with a word on each. */
  readonly examples: readonly (readonly [string, string])[]
}

export interface GivenCommonOptions {
  readonly dataDir?: string
  readonly config?: string
  readonly tokenFile?: string
  readonly output?: OutputFormat
}

/** The options that stand on every command, before or after its name. */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--data-dir <dir>',
        'directory of the node (default: NETMINDER_DATA_DIR, else /var/lib/netminder, or ~/.local/share/netminder for a plain user)'
      )
    )
    .addOption(new Option('--config <file>', 'configuration (default: <data-dir>/netminder.toml)'))
    .addOption(new Option('--token-file <file>', 'token to use (default: <data-dir>/admin.token)'))
    .addOption(
      new Option('--output <format>', 'form of the data; a table if it is not given').choices([
        'table',
        'json'
      ])
    )
}

/** A command that does something: described, with examples, and with the common options. */
export function leaf(command: Command, text: LeafText): Command {
  const examples = text.examples.map(([line, word]) => `  # ${word}\n  $ netminder ${line}`)
  return addCommonOptions(command)
    .summary(text.summary)
    .description(text.summary)
    .addHelpText('after', `\nExamples:\n${examples.join('\n')}\n`)
}

/** A noun that only holds verbs. */
export function noun(parent: Command, name: string, summary: string): Command {
  return addCommonOptions(parent.command(name)).summary(summary).description(summary)
}

export interface Places {
  readonly dataDir: string
  readonly configFile: string | undefined
  readonly tokenFile: string | undefined
  readonly output: OutputFormat
}

/** The common options of a command and of those above it. */
export function placesOf(command: Command): Places {
  const given: GivenCommonOptions = command.optsWithGlobals()
  return {
    dataDir: resolveDataDir(given.dataDir),
    configFile: given.config,
    tokenFile: given.tokenFile,
    output: given.output ?? 'table'
  }
}

/** Configuration and paths of the node that is meant. @throws {ConfigError} */
export function readPlaces(places: Places) {
  const { config, files } = loadConfig({ dataDir: places.dataDir, configFile: places.configFile })
  return { config, files, paths: dataPaths(places.dataDir) }
}

/** Those of the options that were given: a query names no others. */
export function given<T extends object, K extends keyof T>(
  options: T,
  keys: readonly K[]
): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {}
  for (const key of keys) {
    if (options[key] !== undefined) picked[key] = options[key]
  }
  return picked as Pick<T, K>
}

export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

export function parseNonEmpty(expected: string): (text: string) => string {
  return (text) => {
    if (text.trim() !== '') return text
    throw new InvalidArgumentError(`expected ${expected}, got "${text}".`)
  }
}

export function parsePrefixOption(text: string): string {
  const prefix = findPrefix(text)
  if (prefix === undefined) {
    throw new InvalidArgumentError(
      `expected an address or a prefix such as 192.0.2.0/24, got "${text}".`
    )
  }
  return displayPrefix(prefix)
}

export function collectPrefix(
  text: string,
  before: readonly string[] | undefined
): readonly string[] {
  return collect(parsePrefixOption(text), before)
}

export function parseWholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(
        `expected a whole number from ${min} to ${max}, got "${text}".`
      )
    }
    return value
  }
}

/** A duration such as `1h` or `90s`, in milliseconds. */
export function parseDuration(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const durationMs = durationOption(text)
    if (durationMs >= minMs && durationMs <= maxMs) return durationMs
    const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`
    throw new InvalidArgumentError(`expected a duration ${range}, got "${text}".`)
  }
}

/** A duration from now such as `30d`, or a time such as 2027-01-31T00:00:00Z, as RFC 3339. */
export function parseEnd(clock: Clock): (text: string) => string {
  return (text) => {
    const end = timeOption(text, (durationMs) => clock.nowMs() + durationMs)
    if (end !== undefined) return end
    throw new InvalidArgumentError(
      `expected a duration such as 2h or a time such as 2027-01-31T00:00:00Z, got "${text}".`
    )
  }
}

/** The same looking back: `24h` is the time 24 hours ago. */
export function parseSince(clock: Clock): (text: string) => string {
  return (text) => {
    const since = timeOption(text, (durationMs) => clock.nowMs() - durationMs)
    if (since !== undefined) return since
    throw new InvalidArgumentError(
      `expected a duration such as 24h or a time such as 2026-01-31T00:00:00Z, got "${text}".`
    )
  }
}

function timeOption(text: string, at: (durationMs: number) => number): string | undefined {
  const atMs = /^\d{4}-/.test(text) ? Date.parse(text) : at(durationOption(text))
  const isTime = !Number.isNaN(atMs) && Math.abs(atMs) <= 8.64e15
  return isTime ? new Date(atMs).toISOString() : undefined
}

function durationOption(text: string): number {
  try {
    return parseDurationMs(text)
  } catch (error) {
    if (error instanceof NetminderError) throw new InvalidArgumentError(`${error.message}.`)
    throw error
  }
}
