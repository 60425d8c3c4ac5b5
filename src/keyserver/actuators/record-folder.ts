/**
 * The folder of the records belongs to the daemon's user. A sweep that an administrator runs as root must leave nothing in it that
 * the daemon cannot read and replace afterwards.
 */
import { chown, type FileHandle, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the folder if it is not there, for whoever owns the one that it stands in. */
export async function makeRecordFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  const { uid, gid } = await stat(dirname(made))
  // Only root can, and only root has to.
  await chown(path, uid, gid).catch(() => undefined)
}

/** Gives a file that was made in the folder to the folder's owner. */
export async function giveToFolderOwner(file: FileHandle, folder: string): Promise<void> {
  const { uid, gid } = await stat(folder)
  await file.chown(uid, gid).catch(() => undefined)
}
