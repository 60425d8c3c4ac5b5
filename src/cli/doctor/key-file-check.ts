/** Whether the key under which this node speaks can be used: without it the node does not start. */
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Finding, fault, shellWord } from './finding.ts'

/** The group may read (an operator can let his administrators in that way); nobody else may do anything. */
const FORBIDDEN_BITS = 0o027
const KEY_PATTERN = /^[0-9a-f]{64}$/
const ROOT = 0

export interface KeyFileFacts {
  readonly mode: number
  readonly uid: number
  readonly directoryUid: number
  /** Undefined: whoever looks may not read it. */
  readonly text: string | undefined
}

export async function checkKeyFile(file: string): Promise<readonly Finding[]> {
  const facts = await stat(file).catch(() => undefined)
  if (facts === undefined) return []
  const { uid: directoryUid } = await stat(dirname(file))
  // What is no file is not read: a FIFO would hang.
  const text = facts.isFile() ? await readFile(file, 'utf8').catch(() => undefined) : ''
  return judgeKeyFile(file, { mode: facts.mode & 0o777, uid: facts.uid, directoryUid, text })
}

export function judgeKeyFile(
  file: string,
  { mode, uid, directoryUid, text }: KeyFileFacts
): readonly Finding[] {
  const what = 'the key under which this node speaks'
  if ((mode & FORBIDDEN_BITS) !== 0) {
    const message = `others can read ${what}: ${file} has mode 0${mode.toString(8)}, and the node does not start with it`
    return [fault('NETWORK_KEY_EXPOSED', message, `chmod 600 ${shellWord(file)}`)]
  }
  if (uid !== ROOT && uid !== directoryUid) {
    const message = `another user can read ${what}: ${file} belongs to user ${uid} and its directory to user ${directoryUid}, and the node does not start with it`
    const cure = `chown --reference=${shellWord(dirname(file))} ${shellWord(file)}`
    return [fault('NETWORK_KEY_EXPOSED', message, cure)]
  }
  if (text === undefined || KEY_PATTERN.test(text.trim())) return []
  return [
    fault(
      'NETWORK_KEY_DAMAGED',
      `${what} is damaged: expected 64 hexadecimal digits in ${file}, got ${text.trim().length} other characters, and the node does not start with it`,
      'put the file of your backup in its place; without one remove it to become another node, which joins its networks anew by an invitation'
    )
  ]
}
