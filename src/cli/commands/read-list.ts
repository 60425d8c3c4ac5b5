/** A list that a person names: a file, or standard input. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { messageOf } from '../../base/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'

const FILE_BYTES_MAX = 64 * 1_048_576

/** @param file `-` for standard input @throws {CLI_INPUT_MISSING | CLI_INPUT_INVALID} */
export async function readList(file: string, { io }: CliContext): Promise<string> {
  try {
    return await readBounded(file === '-' ? io.stdin : createReadStream(file))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const message = `expected a list at ${file}, got: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_MISSING', message, { cause })
  }
}

/** A pipe or a device has no size to be asked for, so what comes is counted. */
async function readBounded(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > FILE_BYTES_MAX) {
      throw new CliError(
        'CLI_INPUT_INVALID',
        `expected a list of at most ${FILE_BYTES_MAX / 1_048_576} MiB, got more`
      )
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
