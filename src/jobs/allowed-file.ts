/**
 * Which files a training may read. Whoever may start one need not be who may read everything that the node can: without a limit a token
 * of the scope `train` could have any file of the service user read, and find words of it in the features of a model.
 */
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, sep } from 'node:path'
import { JobError } from './errors.ts'

/**
 * @param dirs absolute; those that are not there allow nothing
 * @returns where the file really lies, with no link on the way
 * @throws {PATH_FORBIDDEN}
 */
export async function allowedFile(path: string, dirs: readonly string[]): Promise<string> {
  const shown = path.slice(0, 200)
  if (!isAbsolute(path)) {
    throw forbidden(`expected an absolute path on the node's machine, got "${shown}"`)
  }
  const real = await realpath(path).catch(() => undefined)
  const roots = await Promise.all(dirs.map((dir) => realpath(dir).catch(() => undefined)))
  const isWithin = (root: string | undefined) =>
    root !== undefined && real?.startsWith(root.endsWith(sep) ? root : root + sep) === true
  // What lies elsewhere is not even said to be there.
  if (real === undefined || !roots.some(isWithin)) {
    const list = dirs.length === 0 ? 'which names no directory' : dirs.join(', ')
    throw forbidden(
      `expected a file in a directory of training.readFrom (${list}), got "${shown}", which is not there or not in one`
    )
  }
  const found = await stat(real).catch(() => undefined)
  if (found?.isFile() !== true) throw forbidden(`expected a plain file, got "${shown}"`)
  return real
}

function forbidden(message: string): JobError {
  return new JobError('PATH_FORBIDDEN', message)
}
