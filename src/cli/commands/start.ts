/** `netminder start`: a node in the foreground until a signal. */
import { type Command, Option } from 'commander'
import type { ConfigInput } from '../../config/index.ts'
import { collectPrefix, leaf, parseWholeNumber, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'

interface StartOptions {
  readonly apiPort?: number
  readonly haproxyLog?: string
  readonly nginxLog?: string
  readonly hockeypuckLog?: string
  readonly fromStart?: true
  readonly treatAsPublic?: readonly string[]
  readonly logLevel?: string
  readonly logFormat?: string
}

export function addStartCommand(program: Command, context: CliContext): void {
  leaf(program.command('start'), {
    summary:
      'run a node in the foreground until a signal; makes an empty data directory ready first',
    examples: [
      ['start', 'as netminder.toml says'],
      [
        'start --haproxy-log /var/log/haproxy.log --log-format text',
        'try it without a configuration'
      ],
      ['start --data-dir ./node-b --api-port 0', 'on whatever port is free']
    ]
  })
    .option('--api-port <port>', 'port of the API; 0 takes a free one', parseWholeNumber(0, 65_535))
    .option('--haproxy-log <file>', 'follow this log of HAProxy instead of the configured logs')
    .option('--nginx-log <file>', 'follow this log of nginx instead of the configured logs')
    .option(
      '--hockeypuck-log <file>',
      "follow this log of Hockeypuck's own instead of the configured logs"
    )
    .option('--from-start', 'read logs that were never read before from their beginning')
    .option(
      '--treat-as-public <prefix>',
      'for tests and recordings on loopback only: judge these reserved addresses as if they were public; repeatable',
      collectPrefix
    )
    .addOption(
      new Option('--log-level <level>', 'least severe message to write').choices([
        'error',
        'warn',
        'info',
        'debug'
      ])
    )
    .addOption(
      new Option('--log-format <format>', 'messages as JSON or as text for a person').choices([
        'json',
        'text'
      ])
    )
    .action(async (options: StartOptions, command: Command) => {
      const { dataDir, configFile } = placesOf(command)
      await context.daemon.start({
        dataDir,
        configFile,
        flags: flagsOf(options, command),
        signal: context.signal
      })
    })
}

function flagsOf(options: StartOptions, command: Command): Readonly<Record<string, unknown>> {
  const sources = sourcesOf(options)
  if (options.fromStart && sources === undefined) {
    command.error('error: --from-start needs --haproxy-log, --nginx-log or --hockeypuck-log')
  }
  return {
    'api.port': options.apiPort,
    'detection.treatAsPublic': options.treatAsPublic,
    'log.level': options.logLevel,
    'log.format': options.logFormat,
    sources
  }
}

function sourcesOf(options: StartOptions): ConfigInput['sources'] {
  const logs = [
    ['haproxy', options.haproxyLog],
    ['nginx', options.nginxLog],
    ['hockeypuck', options.hockeypuckLog]
  ] as const
  const sources = logs.flatMap(([format, path]) =>
    path === undefined
      ? []
      : [{ name: format, format, path, fromStart: options.fromStart === true, ...kindOf(path) }]
  )
  return sources.length === 0 ? undefined : sources
}

/** Docker's own name for its logs. */
function kindOf(path: string): { kind?: 'docker-json' } {
  return path.endsWith('-json.log') ? { kind: 'docker-json' } : {}
}
