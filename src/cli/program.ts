/** Every command, in the order in which help and reference list them. */
import { Command } from 'commander'
import { programVersion } from '../config/index.ts'
import { addCommonOptions } from './command-parts.ts'
import { addActuatorsCommand } from './commands/actuators.ts'
import { addAlertsCommand } from './commands/alerts.ts'
import { addAllowlistCommand } from './commands/allowlist.ts'
import { addAuditCommand } from './commands/audit.ts'
import { addBlocklistCommand } from './commands/blocklist.ts'
import { addConfigCommand } from './commands/config.ts'
import { addDecisionsCommand } from './commands/decisions.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addEvaluateCommand } from './commands/evaluate.ts'
import { addInitCommand } from './commands/init.ts'
import { addLabelCommand } from './commands/label.ts'
import { addModeCommand } from './commands/mode.ts'
import { addModelsCommand } from './commands/models.ts'
import { addNetworkCommand } from './commands/network.ts'
import { addPredictCommand } from './commands/predict.ts'
import { addReplayCommand } from './commands/replay.ts'
import { addStartCommand } from './commands/start.ts'
import { addStatusCommand } from './commands/status.ts'
import { addTokenCommand } from './commands/token.ts'
import { addTrainCommand } from './commands/train.ts'
import type { CliContext } from './context.ts'

const COMMANDS: readonly ((program: Command, context: CliContext) => void)[] = [
  addInitCommand,
  addStartCommand,
  addDemoCommand,
  addDoctorCommand,
  addStatusCommand,
  addReplayCommand,
  addModelsCommand,
  addTrainCommand,
  addPredictCommand,
  addEvaluateCommand,
  addDecisionsCommand,
  addLabelCommand,
  addModeCommand,
  addBlocklistCommand,
  addAllowlistCommand,
  addActuatorsCommand,
  addNetworkCommand,
  addAlertsCommand,
  addTokenCommand,
  addAuditCommand,
  addConfigCommand
]

/** What commander itself would print goes to these instead. */
export interface ProgramOutput {
  readonly writeOut: (text: string) => void
  readonly writeErr: (text: string) => void
}

export function buildProgram(context: CliContext, output: ProgramOutput): Command {
  const program = new Command('netminder')
  // Set before any command is added, since commands inherit these settings when they are made.
  program
    .exitOverride()
    .configureOutput({ ...output, outputError: () => undefined })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .summary('guards a Hockeypuck OpenPGP keyserver')
    .description(
      "Guards a Hockeypuck OpenPGP keyserver: follows its logs, recognises abuse, blocks it at the operator's own proxy, explains every block and lifts it again."
    )
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText(
      'after',
      '\n"netminder <command> --help" shows options and examples of a command.\n'
    )
  addCommonOptions(program)
  for (const add of COMMANDS) add(program, context)
  return program
}
