/** `netminder doctor`: finds the common mistakes and says the cure. */
import type { Command } from 'commander'
import { leaf, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { examine } from '../doctor/examine.ts'
import type { CheckResult } from '../doctor/run-checks.ts'
import { runSystemCommand } from '../doctor/system-command.ts'
import { CliError } from '../errors.ts'
import { plain, plural, print } from '../output.ts'

export function addDoctorCommand(program: Command, context: CliContext): void {
  leaf(program.command('doctor'), {
    summary:
      'find the common mistakes around a node, running or stopped, and say the cure; changes nothing',
    examples: [
      ['doctor', 'as root, it also tries what the user of the service may do'],
      ['doctor --output json', 'for programs'],
      ['doctor --data-dir ./node-b', 'of another node']
    ]
  }).action(async (_: unknown, command: Command) => {
    const { output, ...places } = placesOf(command)
    const results = await examine(
      places,
      {
        clock: context.clock,
        command: runSystemCommand,
        checkActuators: (config, signal) => context.daemon.checkActuators(config, signal)
      },
      context.signal
    )
    const report = reportOf(results)
    await print(context.io, output, { value: report, asTable })
    if (report.faults > 0) {
      const count = report.faults === 1 ? '1 fault' : `${report.faults} faults`
      throw new CliError('CLI_FAULT_FOUND', `${count} found; each with its cure above`)
    }
  })
}

type Report = ReturnType<typeof reportOf>

function reportOf(results: readonly CheckResult[]) {
  const findings = results.flatMap(({ name, findings }) =>
    findings.map((finding) => ({ check: name, ...finding }))
  )
  const faults = findings.filter(({ severity }) => severity === 'fault')
  const notes = findings.filter(({ severity }) => severity === 'note')
  return {
    faults: faults.length,
    notes: notes.length,
    checks: results.map(({ name, findings: own }) => ({ name, findings: own.length })),
    findings: [...faults, ...notes]
  }
}

/** Two lines for each finding, not cut at the edge of the terminal: the cure is there to be copied. */
function asTable({ checks, findings, faults, notes }: Report): string {
  const lines = findings.map(
    ({ severity, message, cure }) => `${severity}  ${plain(message)}\n cure  ${plain(cure)}\n`
  )
  const found = `${plural(checks.length, 'check')}: ${plural(faults, 'fault')}, ${plural(notes, 'note')}\n`
  return [...lines, found].join(lines.length > 0 ? '\n' : '')
}
