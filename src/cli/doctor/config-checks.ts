/** The configuration: that it loads, and what in it is allowed and still a mistake. */
import { type Config, ConfigError, dataPaths, loadConfig } from '../../config/index.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { DoctorPlaces } from './places.ts'

export type ConfigReading = { readonly config: Config } | { readonly problems: readonly Finding[] }

/** Reads it as the node does. Problems are told each with the path of its key. */
export function readConfig(places: DoctorPlaces): ConfigReading {
  try {
    return { config: loadConfig({ dataDir: places.dataDir, configFile: places.configFile }).config }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const file = places.configFile ?? dataPaths(places.dataDir).config
    return {
      problems: error.problems.map(({ code, origin, keyPath, message }) =>
        fault(
          code,
          `${origin}: ${keyPath === '' ? '' : `${keyPath}: `}${message}`,
          message.includes('EACCES')
            ? 'run doctor as root: sudo netminder doctor'
            : cureOf(code, keyPath, origin, file)
        )
      )
    }
  }
}

function cureOf(code: string, keyPath: string, origin: string, file: string): string {
  const check = `netminder config check --config ${shellWord(file)}`
  switch (code) {
    case 'CONFIG_UNKNOWN_KEY':
      return `remove ${keyPath} from ${origin} or correct its name (docs/CONFIG.md has all keys), then: ${check}`
    case 'CONFIG_INVALID_VALUE':
      return `correct ${keyPath} in ${origin} (docs/CONFIG.md has its bounds), then: ${check}`
    case 'CONFIG_UNREADABLE':
      return `chmod u+r ${shellWord(origin)}, or name the right file with --config`
    default:
      return `correct the line in ${origin}, then: ${check}`
  }
}

/** Pure. */
export function judgeConfig(config: Config, file: string): readonly Finding[] {
  const findings: Finding[] = []
  const addProxyLog = addToFile(file, [
    '[[sources]]',
    'name = "haproxy"',
    'format = "haproxy"',
    'path = "/var/log/haproxy.log"'
  ])
  if (config.sources.length === 0) {
    findings.push(
      fault('NO_SOURCES', 'no log is followed, so nothing can be recognised', addProxyLog)
    )
  }
  if (config.detection.treatAsPublic.length > 0) {
    findings.push(
      fault(
        'TREAT_AS_PUBLIC',
        `detection.treatAsPublic lets ${config.detection.treatAsPublic.join(', ')} be judged and blocked: it is for tests and recordings only`,
        'remove treatAsPublic from [detection] in netminder.toml'
      )
    )
  }
  if (!isLoopback(config.api.host)) {
    findings.push(
      fault(
        'API_OPEN',
        `the API listens on ${config.api.host}, not only on this machine: tokens pass over the network unencrypted`,
        'set in [api] of netminder.toml: host = "127.0.0.1" (and reach it by ssh -L 11380:127.0.0.1:11380)'
      )
    )
  }
  if (config.sources.length > 0 && config.sources.every(({ format }) => format === 'hockeypuck')) {
    findings.push(
      note(
        'NO_PROXY_LOG',
        "only Hockeypuck's own log is followed, which says little about who asked",
        addProxyLog
      )
    )
  }
  return findings
}

/** The command that adds lines to a configuration. */
export function addToFile(file: string, lines: readonly string[]): string {
  return `printf '%s\\n' '' ${lines.map((line) => `'${line}'`).join(' ')} >> ${shellWord(file)}`
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
  )
}
