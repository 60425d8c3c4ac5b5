/** One command line from its words to its exit code: the only place where errors become sentences. */
import { CommanderError } from 'commander'
import { AssertionError, isAbortError, NetminderError } from '../base/index.ts'
import { ConfigError } from '../config/index.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { plain } from './output.ts'
import { buildProgram } from './program.ts'

/** `argv` as the process has it: runtime and script come first. Never rejects. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  const { io, signal } = context
  let printed = ''
  const program = buildProgram(context, {
    writeOut: (text) => {
      printed += text
    },
    writeErr: (text) => io.talk(text.trimEnd())
  })
  try {
    await program.parseAsync(argv)
    return EXIT.OK
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      // Help and version are data to the person who asked for them.
      await io.write(printed).catch(() => undefined)
      return EXIT.OK
    }
    if (isAbortError(error) && signal.aborted) return EXIT.INTERRUPTED
    return report(error, io)
  }
}

function report(error: unknown, io: CliIo): ExitCode {
  if (error instanceof CommanderError) {
    const sentence = usageSentence(error)
    if (sentence !== undefined) io.talk(`netminder: ${sentence}`)
    return EXIT.USAGE
  }
  if (error instanceof ConfigError) {
    for (const line of error.message.split('\n')) io.talk(`netminder: ${plain(line)}`)
    const fault = error.code === 'CONFIG_UNWRITABLE' ? 'cannot be written' : 'is wrong'
    io.talk(`netminder: the configuration ${fault} (${error.code})`)
    return exitCodeOf(error)
  }
  if (error instanceof NetminderError && !(error instanceof AssertionError)) {
    io.talk(`netminder: ${plain(sentenceOf(error))} (${error.code})`)
    return exitCodeOf(error)
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  io.talk(`netminder: a mistake of netminder itself; please report it with these lines\n${stack}`)
  return EXIT.INTERNAL
}

/** Where in the request a fault stands is the node's word; the person typed no request. */
function sentenceOf(error: NetminderError): string {
  return error.code === 'REQUEST_INVALID'
    ? error.message.replaceAll(/\/(?:body|query|params)\//g, '')
    : error.message
}

const INVALID_OPTION = /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '.*?' is invalid\. (.*)$/s
const INVALID_ARGUMENT = /^command-argument value '.*?' is invalid for argument '(\w+)'\. (.*)$/s

/** Commander's message in our form; undefined where its help was the answer. */
export function usageSentence(error: CommanderError): string | undefined {
  if (error.code === 'commander.help') return undefined
  const message = error.message
    .replace(/^error: /, '')
    .replace(INVALID_OPTION, '$1: $2')
    .replace(INVALID_ARGUMENT, '<$1>: $2')
    .replace('Allowed choices are', 'expected one of')
    .replaceAll('\n', ' ')
  return `${plain(message).replace(/\.$/, '')}; --help shows how it is used`
}
