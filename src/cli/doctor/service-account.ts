/**
 * Under whom the node runs, and what that user may do. It is not asked of the mode bits, which know nothing of access lists and
 * groups: root tries it as that user; everybody else can only try it as himself.
 */
import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { SERVICE_USER } from '../../config/index.ts'
import { type CommandRunner, parseProperties } from './system-command.ts'

export interface ServiceAccount {
  /** Undefined: nothing says that somebody else than the caller runs the node. */
  readonly uid: number | undefined
  /** As commands take it: a name, or the number where it has none. */
  readonly name: string
  /** Group ids beyond the user's own, as the unit gives them. */
  readonly extraGroups: readonly string[]
  /** Properties of netminder.service and netminder-sweep.timer, if the service is installed for this data directory. */
  readonly unit: ReadonlyMap<string, string> | undefined
  readonly timer: ReadonlyMap<string, string> | undefined
  readonly isSystemd: boolean
  readonly callerUid: number
}

const UNIT_PROPERTIES =
  'LoadState,ActiveState,SubState,Result,UnitFileState,User,SupplementaryGroups,ExecStart'

export async function findServiceAccount(
  dataDir: string,
  command: CommandRunner,
  signal: AbortSignal
): Promise<ServiceAccount> {
  const callerUid = process.getuid?.() ?? -1
  const isSystemd = await isThere('/run/systemd/system')
  const [unit, timer] = isSystemd
    ? await Promise.all([
        showUnit('netminder.service', command, signal),
        showUnit('netminder-sweep.timer', command, signal)
      ])
    : [undefined, undefined]
  const isOurs = unit !== undefined && servesDataDir(unit, dataDir)
  const owner = await ownerOf(dataDir)
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const wanted = isOurs ? unit.get('User') || SERVICE_USER : undefined
  const found =
    wanted === undefined
      ? undefined
      : findUser(users, (name, uid) => name === wanted || uid === wanted)
  const uid = found?.uid ?? owner
  return {
    uid,
    name:
      found?.name ?? findUser(users, (_, text) => text === String(uid))?.name ?? String(uid ?? ''),
    extraGroups: isOurs ? (unit.get('SupplementaryGroups') ?? '').split(' ').filter(Boolean) : [],
    unit: isOurs ? unit : undefined,
    timer: isOurs ? timer : undefined,
    isSystemd,
    callerUid
  }
}

/** A service of another data directory is not the one that is looked at. */
export function servesDataDir(unit: ReadonlyMap<string, string>, dataDir: string): boolean {
  if (unit.get('LoadState') !== 'loaded') return false
  const named = /--data-dir[ =]([^ ;]+)/.exec(unit.get('ExecStart') ?? '')?.[1]
  return named === undefined || named === dataDir
}

export function findUser(
  passwd: string,
  isMeant: (name: string, uid: string) => boolean
): { readonly name: string; readonly uid: number } | undefined {
  for (const line of passwd.split('\n')) {
    const [name = '', , uid = ''] = line.split(':')
    if (uid !== '' && isMeant(name, uid)) return { name, uid: Number(uid) }
  }
  return undefined
}

async function showUnit(name: string, command: CommandRunner, signal: AbortSignal) {
  const { code, stdout } = await command(
    'systemctl',
    ['show', name, `--property=${UNIT_PROPERTIES}`],
    signal
  )
  return code === 0 ? parseProperties(stdout) : undefined
}

async function ownerOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ uid }) => uid,
    () => undefined
  )
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false
  )
}

export type AccessKind = 'read' | 'write' | 'enter'

const FLAGS = { read: constants.R_OK, write: constants.W_OK, enter: constants.X_OK } as const
const TESTS = { read: '-r', write: '-w', enter: '-x' } as const

/** Whether the user of the node may do it; undefined if that cannot be found out from here. */
export async function mayAccess(
  path: string,
  kind: AccessKind,
  how: {
    readonly service: ServiceAccount
    readonly command: CommandRunner
    readonly signal: AbortSignal
  }
): Promise<boolean | undefined> {
  const { service, command, signal } = how
  const { uid, callerUid } = service
  if (uid === undefined || uid === callerUid) {
    return await access(path, FLAGS[kind]).then(
      () => true,
      () => false
    )
  }
  if (callerUid !== 0) return undefined
  const [passwd, groupTable] = await Promise.all([
    readFile('/etc/passwd', 'utf8').catch(() => ''),
    readFile('/etc/group', 'utf8').catch(() => '')
  ])
  const groups = [...groupsOf(groupTable, service.name), ...service.extraGroups]
  const { code } = await command(
    'setpriv',
    [
      `--reuid=${uid}`,
      `--regid=${primaryGroup(passwd, uid)}`,
      groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups',
      'test',
      TESTS[kind],
      path
    ],
    signal
  )
  return code === 0 ? true : code === 1 ? false : undefined
}

/** Groups that a user was added to, by name. */
export function groupsOf(groupTable: string, user: string): string[] {
  return groupTable.split('\n').flatMap((line) => {
    const [name = '', , , members = ''] = line.split(':')
    return name !== '' && members.split(',').includes(user) ? [name] : []
  })
}

function primaryGroup(passwd: string, uid: number): string {
  for (const line of passwd.split('\n')) {
    const [, , id = '', gid = ''] = line.split(':')
    if (id === String(uid) && gid !== '') return gid
  }
  return String(uid)
}
