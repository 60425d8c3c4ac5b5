/** Turns the configured sources into options of the log readers. */
import type { FollowedLog } from '../api/index.ts'
import type { Config, SourceConfig } from '../config/index.ts'
import type { LogSourceOptions, TransportOptions } from '../keyserver/index.ts'

export function sourceOptions(config: Config): readonly LogSourceOptions[] {
  const hasProxy = config.sources.some((source) => source.format !== 'hockeypuck')
  return config.sources.map((source) => ({
    name: source.name,
    format: source.format,
    transport: transportOf(source),
    timeZone: source.timeZone || undefined,
    behindProxy: source.behindProxy,
    // Without a proxy's log the keyserver's own is all there is.
    isRequestSource: source.format === 'hockeypuck' && !hasProxy
  }))
}

/** The same as the API tells it. */
export function followedLogs(config: Config): readonly FollowedLog[] {
  return config.sources.map(({ format, kind, path = '', behindProxy, timeZone }) => ({
    format,
    kind,
    path,
    behindProxy,
    timeZone
  }))
}

function transportOf(source: SourceConfig): TransportOptions {
  const { kind, path = '', listen = '', fromStart } = source
  if (kind === 'syslog') return { kind, listen }
  return kind === 'pipe' ? { kind, path } : { kind, path, fromStart }
}
