/**
 * The database: its version, whether its pages are sound, whether the audit's chain is whole, and which mode stands in it. SQLite
 * makes files beside a database even to read it; while no node runs a copy is read instead, so that nothing is changed.
 */
import { constants, type Stats } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf, NetminderError } from '../../base/index.ts'
import { dataPaths } from '../../config/index.ts'
import {
  type AuditFault,
  AuditRepository,
  type Connection,
  ModeRepository,
  openDatabaseForReading,
  storePaths
} from '../../store/index.ts'
import { addToFile } from './config-checks.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { DoctorScene } from './places.ts'

export interface DatabaseFacts {
  readonly dataDir: string
  /** Undefined: there is none, or it could not be opened. */
  readonly content:
    | {
        /** `ok`, or what SQLite found; undefined where the file is too large to be read within the time. */
        readonly soundness: string | undefined
        readonly auditFaults: readonly AuditFault[]
        readonly mode: string
      }
    | undefined
  readonly failure: { readonly code: string; readonly message: string } | undefined
  readonly hasActuators: boolean
}

/** SQLite reads about a gigabyte a second, on the thread on which everything else waits. */
const CHECKED_BYTES_MAX = 512 * 1_048_576

export async function checkDatabase(scene: DoctorScene): Promise<readonly Finding[]> {
  return judgeDatabase(await inspectDatabase(scene))
}

async function inspectDatabase(scene: DoctorScene): Promise<DatabaseFacts> {
  const { dataDir, config } = scene
  const base = { dataDir, hasActuators: (config?.actuators.length ?? 0) > 0 }
  const paths = storePaths(dataDir)
  const found = await stat(paths.database).catch(() => undefined)
  if (found === undefined) return { ...base, content: undefined, failure: undefined }
  const isLarge = found.size > CHECKED_BYTES_MAX
  let copied: string | undefined
  try {
    if (!isLarge && !(await isHeld(paths.lock))) copied = await copyStore(dataDir)
    return { ...base, content: await read(copied ?? dataDir, isLarge, scene), failure: undefined }
  } catch (error) {
    if (error instanceof NetminderError) return { ...base, content: undefined, failure: error }
    return {
      ...base,
      content: undefined,
      failure: { code: 'DATABASE_UNREADABLE', message: messageOf(error) }
    }
  } finally {
    if (copied !== undefined) await rm(copied, { recursive: true, force: true })
  }
}

async function copyStore(dataDir: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'netminder-doctor-'))
  const from = storePaths(dataDir)
  const to = storePaths(folder)
  try {
    await copyFile(from.database, to.database, constants.COPYFILE_FICLONE)
    for (const [source, target] of [
      [`${from.database}-wal`, `${to.database}-wal`],
      [from.auditHead, to.auditHead]
    ] as const) {
      await copyFile(source, target, constants.COPYFILE_FICLONE).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
    }
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function read(dataDir: string, isLarge: boolean, scene: DoctorScene) {
  const db = openDatabaseForReading(dataDir)
  try {
    const soundness = isLarge ? undefined : String(db.pragma('quick_check(1)'))
    return {
      soundness,
      auditFaults: isLarge ? [] : await auditFaults(db, dataDir, scene),
      mode: new ModeRepository(db, { overall: 'shadow', byCategory: {}, previous: undefined }).get()
        .overall
    }
  } finally {
    db.close()
  }
}

/** A running node writes rows and head in turn: what is seen in between is looked at again. */
async function auditFaults(
  db: Connection,
  dataDir: string,
  scene: DoctorScene
): Promise<readonly AuditFault[]> {
  const { clock } = scene.ports
  const audit = new AuditRepository(db, clock, { headFile: storePaths(dataDir).auditHead })
  const { faults } = await audit.verify()
  if (faults.length === 0) return faults
  return (await audit.verify()).faults
}

/** Whether a process holds the lock of a data directory, by the kernel's own list, which is read and not tried. */
export async function isHeld(lockFile: string): Promise<boolean> {
  const found: Stats | undefined = await stat(lockFile).catch(() => undefined)
  if (found === undefined) return false
  return hasLock(await readFile('/proc/locks', 'utf8').catch(() => ''), found.ino)
}

/** `1: POSIX  ADVISORY  WRITE 1234 fe:01:5678 1073741825 1073741825` a line (proc(5)). */
export function hasLock(table: string, inode: number): boolean {
  return table
    .split('\n')
    .some((line) => line.includes(' WRITE ') && new RegExp(`:0*${inode} `).test(line))
}

export function judgeDatabase(facts: DatabaseFacts): readonly Finding[] {
  const { dataDir, content, failure, hasActuators } = facts
  const path = storePaths(dataDir).database
  if (failure !== undefined)
    return [fault(failure.code, failure.message, cureOf(failure.code, path))]
  if (content === undefined) return []
  const findings: Finding[] = []
  if (content.soundness !== undefined && content.soundness !== 'ok') {
    findings.push(
      fault(
        'DATABASE_CORRUPT',
        `${path} is damaged: ${content.soundness}`,
        cureOf('DATABASE_CORRUPT', path)
      )
    )
  }
  const [first] = content.auditFaults
  if (first !== undefined) {
    const more = content.auditFaults.length - 1
    findings.push(
      fault(
        'AUDIT_BROKEN',
        `the audit was tampered with or is damaged: ${first.detail}${more > 0 ? `, and ${more} more` : ''}`,
        `netminder audit verify --data-dir ${shellWord(dataDir)}; keep a copy of ${path} as evidence, and find out who could write it`
      )
    )
  }
  if (content.mode === 'enforce' && !hasActuators) {
    findings.push(
      fault(
        'NOTHING_TO_ENFORCE',
        'the mode is enforce and no actuator is configured: nothing is blocked anywhere',
        addToFile(dataPaths(dataDir).config, [
          '[[actuators]]',
          'name = "haproxy"',
          'kind = "haproxy"',
          'listPath = "/etc/haproxy/lists/blacklist.list"',
          'socket = "/run/haproxy/admin.sock"'
        ])
      )
    )
  }
  if (content.mode === 'shadow') {
    findings.push(
      note(
        'SHADOW_MODE',
        'the mode is shadow: everything is computed and shown, nothing is blocked',
        hasActuators
          ? 'look at what would have been blocked and decide: netminder mode enforce'
          : 'configure [[actuators]] in netminder.toml, then: netminder mode enforce'
      )
    )
  }
  return findings
}

function cureOf(code: string, path: string): string {
  switch (code) {
    case 'DATABASE_NEWER':
      return `install the netminder that wrote it: scripts/install.sh upgrade; or put back a backup: ls ${shellWord(path)}.before-migration-*`
    case 'DATABASE_OLDER':
      return 'start this netminder once, it brings the database up to date (a backup is kept): systemctl restart netminder'
    case 'DATABASE_FOREIGN':
      return `mv ${shellWord(path)} ${shellWord(`${path}.foreign`)}`
    case 'DATABASE_CORRUPT':
      return 'systemctl restart netminder (it keeps the damaged file aside and begins a new one), and check the disk: smartctl -a'
    default:
      return `give it to the user of the node: chown netminder: ${shellWord(path)}; or run doctor as root`
  }
}
