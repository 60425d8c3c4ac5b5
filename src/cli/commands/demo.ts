/** `netminder demo`: shows nodes at work on recorded traffic, in a sandbox of their own. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type GivenCommonOptions, leaf, parseWholeNumber } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { runDemo } from '../demo/run-demo.ts'

interface DemoCommandOptions {
  readonly once?: true
  readonly speed: number
  readonly keep?: true
  readonly haproxy: boolean
  readonly apiPort: number
  readonly recording?: string
}

const SPEED_MIN = 0.1
const SPEED_MAX = 100
/** Eleven minutes of recorded traffic in a minute and a half. Much faster, and harmless uploads come at the rate of a flood. */
const SPEED_DEFAULT = 8

export function addDemoCommand(program: Command, context: CliContext): void {
  leaf(program.command('demo'), {
    summary:
      'show a node under attack, and the network that it warns, on recorded traffic; until Ctrl-C or with --once',
    examples: [
      ['demo', 'until Ctrl-C; leaves nothing behind'],
      ['demo --once', 'ends by itself; exit code 1 if a step did not happen'],
      ['demo --speed 2 --data-dir ./demo', 'slower, and keep everything in ./demo']
    ]
  })
    .option('--once', 'end when every step has happened, or when none can come any more')
    .option('--speed <factor>', 'how many times as fast as recorded', parseSpeed, SPEED_DEFAULT)
    .option('--keep', 'keep the temporary data directory')
    .option('--no-haproxy', 'write list files, even where HAProxy is installed')
    .option(
      '--api-port <port>',
      'port of the API of the attacked node; 0 takes a free one',
      parseWholeNumber(0, 65_535),
      0
    )
    .option('--recording <dir>', 'play haproxy.log.gz, hockeypuck.log.gz and truth.jsonl of there')
    .action(async (options: DemoCommandOptions, command: Command) => {
      // Only what was typed counts: NETMINDER_DATA_DIR names the operator's node, which the demo leaves alone.
      const { dataDir } = command.optsWithGlobals<GivenCommonOptions>()
      await runDemo(
        {
          dataDir: dataDir === undefined ? undefined : resolve(dataDir),
          isKept: options.keep === true,
          speed: options.speed,
          isOnce: options.once === true,
          apiPort: options.apiPort,
          recording: options.recording === undefined ? undefined : resolve(options.recording),
          mayUseHaproxy: options.haproxy
        },
        context
      )
    })
}

function parseSpeed(text: string): number {
  const speed = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || speed < SPEED_MIN || speed > SPEED_MAX) {
    throw new InvalidArgumentError(
      `expected a number from ${SPEED_MIN} to ${SPEED_MAX}, got "${text}".`
    )
  }
  return speed
}
