/** The data directory: there, ours, of the right owner and mode, with room; and the token in it. */
import type { Dirent, Stats } from 'node:fs'
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { dataPaths, SERVICE_USER, SYSTEM_DATA_DIR } from '../../config/index.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { DoctorScene } from './places.ts'
import { mayAccess } from './service-account.ts'

export interface DataDirFacts {
  readonly dataDir: string
  /** Undefined: there is nothing; a text: why it cannot be looked at. */
  readonly stats:
    | { readonly isDirectory: boolean; readonly uid: number; readonly mode: number }
    | string
    | undefined
  /** Undefined: it may not be listed. */
  readonly files:
    | readonly { readonly name: string; readonly uid: number; readonly mode: number }[]
    | undefined
  readonly disk:
    | { readonly freeBytes: number; readonly totalBytes: number; readonly freeFiles: number }
    | undefined
  /** Who should own it, if that is known. */
  readonly ownerUid: number | undefined
  readonly ownerName: string
  /** Whether the node may write in it (a read-only mount denies it to root as well); undefined if not known. */
  readonly isWritable: boolean | undefined
}

const MIB = 1_048_576
/** A database that cannot grow stops the node from recording decisions; migrations need room for a copy. */
const FREE_BYTES_MIN = 64 * MIB
const FREE_BYTES_LOW = 1_024 * MIB
const FREE_SHARE_LOW = 0.05
const FREE_FILES_MIN = 100
/** The group may look; nobody else may do anything. */
const FORBIDDEN_BITS = 0o027
const FILES_MAX = 10_000

export async function checkDataDir(
  scene: DoctorScene,
  signal: AbortSignal
): Promise<readonly Finding[]> {
  return judgeDataDir(await inspectDataDir(scene, signal))
}

async function inspectDataDir(
  { dataDir, service, ports }: DoctorScene,
  signal: AbortSignal
): Promise<DataDirFacts> {
  const found = await statOf(dataDir)
  const isDirectory = typeof found === 'object' && found.isDirectory()
  const names = isDirectory
    ? await readdir(dataDir, { withFileTypes: true }).catch(() => undefined)
    : undefined
  const isService = service.unit !== undefined
  return {
    dataDir,
    stats:
      typeof found === 'object' ? { isDirectory, uid: found.uid, mode: found.mode & 0o777 } : found,
    files: names === undefined ? undefined : await statsOf(dataDir, names),
    disk: await diskOf(dataDir),
    ownerUid: isService ? service.uid : typeof found === 'object' ? found.uid : undefined,
    ownerName: service.name || SERVICE_USER,
    isWritable: isDirectory
      ? await mayAccess(dataDir, 'write', { service, command: ports.command, signal })
      : undefined
  }
}

async function statOf(path: string): Promise<Stats | string | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : message
  }
}

async function statsOf(dataDir: string, names: readonly Dirent[]) {
  const files: { name: string; uid: number; mode: number }[] = []
  for (const entry of names.slice(0, FILES_MAX)) {
    if (entry.isSymbolicLink()) continue
    const found = await statOf(join(dataDir, entry.name))
    if (typeof found === 'object') {
      files.push({ name: entry.name, uid: found.uid, mode: found.mode & 0o777 })
    }
  }
  return files
}

async function diskOf(path: string): Promise<DataDirFacts['disk']> {
  try {
    const { bavail, blocks, bsize, ffree, files } = await statfs(path)
    return {
      freeBytes: bavail * bsize,
      totalBytes: blocks * bsize,
      // File systems without a table of inodes say 0 of 0.
      freeFiles: files === 0 ? Number.POSITIVE_INFINITY : ffree
    }
  } catch {
    return undefined
  }
}

export function judgeDataDir(facts: DataDirFacts): readonly Finding[] {
  const { dataDir, stats, files } = facts
  const dir = shellWord(dataDir)
  if (stats === undefined) {
    return [
      fault(
        'DATA_DIR_MISSING',
        `expected the node's data directory at ${dataDir}, got nothing`,
        initCommand(dataDir)
      )
    ]
  }
  if (typeof stats === 'string') {
    return [
      fault(
        'DATA_DIR_UNREADABLE',
        `${dataDir} cannot be looked at: ${stats}`,
        'run doctor as root: sudo netminder doctor'
      )
    ]
  }
  if (!stats.isDirectory) {
    return [
      fault(
        'DATA_DIR_NO_DIRECTORY',
        `expected a directory at ${dataDir}, got a file`,
        `mv ${dir} ${dir}.old && ${initCommand(dataDir)}`
      )
    ]
  }
  const findings: Finding[] = [...judgeAccess(facts, stats), ...judgeDisk(facts)]
  if (files === undefined) {
    findings.push(
      fault(
        'DATA_DIR_UNREADABLE',
        `${dataDir} may not be entered by this user`,
        `run doctor as its owner: sudo -u ${facts.ownerName} netminder doctor --data-dir ${dir}`
      )
    )
    return findings
  }
  const names = new Set(files.map(({ name }) => name))
  if (names.size === 0) {
    findings.push(
      note('DATA_DIR_EMPTY', `${dataDir} is empty: no node has run in it`, initCommand(dataDir))
    )
  } else if (!['netminder.toml', 'netminder.db', 'admin.token'].some((name) => names.has(name))) {
    findings.push(
      fault(
        'DATA_DIR_FOREIGN',
        `${dataDir} holds files, and none of netminder's`,
        `name the directory of the node: netminder doctor --data-dir ${SYSTEM_DATA_DIR}`
      )
    )
  }
  const corrupt = [...names].find((name) => /^netminder\.db\.corrupt-[\d-]+T?[\w-]*$/.test(name))
  if (corrupt !== undefined) {
    findings.push(
      note(
        'DATABASE_SET_ASIDE',
        `a damaged database was set aside as ${join(dataDir, corrupt)}`,
        `see what can be saved: sqlite3 ${shellWord(join(dataDir, corrupt))} .recover; then move it out of the directory`
      )
    )
  }
  return findings
}

function judgeAccess(
  facts: DataDirFacts,
  stats: { readonly uid: number; readonly mode: number }
): Finding[] {
  const { dataDir, ownerUid, ownerName, files = [] } = facts
  const dir = shellWord(dataDir)
  const findings: Finding[] = []
  const chown = `chown -R ${ownerName}: ${dir}`
  if (ownerUid !== undefined && stats.uid !== ownerUid) {
    findings.push(
      fault(
        'DATA_DIR_OWNER',
        `expected ${dataDir} to belong to ${ownerName}, got user ${stats.uid}`,
        chown
      )
    )
  } else {
    const others = files.filter(({ uid }) => uid !== stats.uid).map(({ name }) => name)
    if (others.length > 0) {
      findings.push(
        fault(
          'DATA_DIR_FILE_OWNER',
          `files in ${dataDir} belong to another user than the directory, as after a start by root: ${some(others)}`,
          chown
        )
      )
    }
  }
  if (findings.length === 0 && facts.isWritable === false) {
    findings.push(
      fault(
        'DATA_DIR_READ_ONLY',
        `${dataDir} cannot be written by ${ownerName}: the node can record nothing`,
        `mount -o remount,rw "$(findmnt -nro TARGET -T ${dir})" && chmod u+rwx ${dir}`
      )
    )
  }
  if ((stats.mode & FORBIDDEN_BITS) !== 0) {
    findings.push(
      fault(
        'DATA_DIR_MODE',
        `expected ${dataDir} to be open to its owner only, got mode 0${stats.mode.toString(8)}`,
        `chmod 700 ${dir}`
      )
    )
  }
  const token = files.find(({ name }) => name === 'admin.token')
  const tokenPath = dataPaths(dataDir).adminToken
  if (token !== undefined && (token.mode & FORBIDDEN_BITS) !== 0) {
    findings.push(
      fault(
        'TOKEN_EXPOSED',
        `expected ${tokenPath} to be readable by its owner only, got mode 0${token.mode.toString(8)}: whoever can log in here can command the node`,
        `chmod 600 ${shellWord(tokenPath)}`
      )
    )
  }
  if (token === undefined && files.some(({ name }) => name === 'netminder.db')) {
    findings.push(
      fault(
        'TOKEN_MISSING',
        `expected the token of this machine at ${tokenPath}, got nothing: commands that change something are refused`,
        'the node makes a new one when it starts: systemctl restart netminder'
      )
    )
  }
  return findings
}

function judgeDisk({ dataDir, disk }: DataDirFacts): Finding[] {
  if (disk === undefined || disk.totalBytes === 0) return []
  const cure = `see what fills it: du -xh --max-depth=1 ${shellWord(dataDir)}; df -h ${shellWord(dataDir)}`
  const free = `${Math.floor(disk.freeBytes / MIB)} MiB of ${Math.floor(disk.totalBytes / MIB)} MiB free`
  if (disk.freeBytes < FREE_BYTES_MIN) {
    return [fault('DISK_FULL', `the disk of ${dataDir} is nearly full: ${free}`, cure)]
  }
  if (disk.freeFiles < FREE_FILES_MIN) {
    return [
      fault(
        'DISK_FULL',
        `the disk of ${dataDir} has room for ${disk.freeFiles} files only`,
        `see where they are: du --inodes -x --max-depth=1 ${shellWord(dataDir)}; df -i ${shellWord(dataDir)}`
      )
    ]
  }
  if (disk.freeBytes < FREE_BYTES_LOW && disk.freeBytes < disk.totalBytes * FREE_SHARE_LOW) {
    return [note('DISK_LOW', `the disk of ${dataDir} fills up: ${free}`, cure)]
  }
  return []
}

function initCommand(dataDir: string): string {
  return `netminder init --data-dir ${shellWord(dataDir)}`
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}
