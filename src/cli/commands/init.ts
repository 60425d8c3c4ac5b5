/** `netminder init`: configuration and token of a new node. */
import type { Command } from 'commander'
import { collect, leaf, parseWholeNumber, placesOf } from '../command-parts.ts'
import type { CliContext, InitReport } from '../context.ts'
import { print, renderPairs } from '../output.ts'

interface InitOptions {
  readonly name?: string
  readonly apiPort?: number
  readonly listen?: readonly string[]
  readonly haproxyLog?: string
  readonly hockeypuckLog?: string
  readonly haproxyList?: string
  readonly adminSocket?: string
}

export function addInitCommand(program: Command, context: CliContext): void {
  leaf(program.command('init'), {
    summary: 'make the data directory: configuration and token; safe to repeat',
    examples: [
      ['init', 'in the directory for this user'],
      [
        'init --haproxy-log /var/log/haproxy.log --haproxy-list /etc/haproxy/lists/blacklist.list --admin-socket /run/haproxy/admin.sock',
        'beside HAProxy'
      ],
      [
        'init --data-dir ./node-b --api-port 11381 --listen /ip4/0.0.0.0/tcp/11391',
        'a second node on this machine'
      ]
    ]
  })
    .option('--name <name>', 'name of the node in its own output (default: the host name)')
    .option('--api-port <port>', 'port of the API; 0 takes a free one', parseWholeNumber(0, 65_535))
    .option(
      '--listen <multiaddr>',
      'where other nodes are received, once this node is in a network; may be repeated',
      collect
    )
    .option('--haproxy-log <file>', 'log of HAProxy to follow')
    .option('--hockeypuck-log <file>', "Hockeypuck's own log to follow")
    .option('--haproxy-list <file>', 'blacklist.list of HAProxy, in which bans are written')
    .option('--admin-socket <path>', 'admin socket of HAProxy (with --haproxy-list)')
    .action(async (options: InitOptions, command: Command) => {
      const { dataDir, output } = placesOf(command)
      if (options.adminSocket !== undefined && options.haproxyList === undefined) {
        command.error('error: --admin-socket needs --haproxy-list')
      }
      const report = context.daemon.init({
        dataDir,
        name: options.name,
        apiPort: options.apiPort,
        listen: options.listen,
        haproxyLog: options.haproxyLog,
        hockeypuckLog: options.hockeypuckLog,
        haproxyList: options.haproxyList,
        adminSocket: options.adminSocket
      })
      await print(context.io, output, { value: asJson(report), asTable: () => asTable(report) })
      if (!report.isNewConfig && isAnyGiven(options)) {
        context.io.talk(
          `netminder: ${report.configFile} was there already and was left as it is; change it there`
        )
      }
    })
}

function isAnyGiven(options: InitOptions): boolean {
  return Object.keys(options).some((key) =>
    [
      'name',
      'apiPort',
      'listen',
      'haproxyLog',
      'hockeypuckLog',
      'haproxyList',
      'adminSocket'
    ].includes(key)
  )
}

function asJson(report: InitReport) {
  return {
    data_dir: report.dataDir,
    config_file: report.configFile,
    is_new_config: report.isNewConfig,
    token_file: report.tokenFile,
    is_new_token: report.isNewToken
  }
}

function asTable(report: InitReport): string {
  const word = (isNew: boolean) => (isNew ? '' : ' (was there already)')
  return renderPairs([
    ['data directory', report.dataDir],
    ['configuration', report.configFile + word(report.isNewConfig)],
    ['token', report.tokenFile + word(report.isNewToken)]
  ])
}
