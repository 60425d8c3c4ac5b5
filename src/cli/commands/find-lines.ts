/** Finds in a log the lines that a decision names by their hashes: the node keeps hashes, not contents; the operator has the log. */
import { hash } from 'node:crypto'
import { createReadStream, type ReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip, type Gunzip } from 'node:zlib'
import { messageOf } from '../../base/index.ts'
import { CliError } from '../errors.ts'

/** As long as the hashes that a decision keeps. */
const HASH_DIGITS = 16

/** Lines by hash, in the order of the log. Rotated logs that end in `.gz` are unpacked. @throws {CLI_INPUT_MISSING} */
export async function findLines(
  file: string,
  hashes: ReadonlySet<string>,
  signal: AbortSignal
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const raw = createReadStream(file, { signal })
  const log = file.endsWith('.gz') ? unpack(raw) : raw
  try {
    for await (const line of createInterface({ input: log, crlfDelay: Number.POSITIVE_INFINITY })) {
      const digits = hash('sha256', line, 'hex').slice(0, HASH_DIGITS)
      if (hashes.has(digits)) found.set(digits, line)
    }
    return found
  } catch (cause) {
    signal.throwIfAborted()
    const message = `expected a log at ${file}, got: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_MISSING', message, { cause })
  }
}

function unpack(raw: ReadStream): Gunzip {
  const unpacked = createGunzip()
  raw.on('error', (error) => unpacked.destroy(error))
  return raw.pipe(unpacked)
}
