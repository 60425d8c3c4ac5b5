/**
 * Whether a process holds the lock of a data directory, by what the kernel lists: the lock is read and not tried, since a try at the
 * wrong moment would refuse a node that is just starting.
 */
import { readFileSync, statSync } from 'node:fs'

/** Wrong where the kernel does not show it: a process of another PID namespace, a system without `/proc`. */
export function holdsLock(lockFile: string, pid: number): boolean {
  try {
    const { ino, uid } = statSync(lockFile)
    if (!isLockListed(readFileSync('/proc/locks', 'utf8'), { inode: ino, pid })) return false
    // Another file system may number a file alike, and a number of a process that is gone is given out again.
    const owner = parseEffectiveUid(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return owner === uid || owner === 0
  } catch {
    return false
  }
}

/** `1: POSIX  ADVISORY  WRITE 1234 fe:01:5678 1073741825 1073741825` a line; `1: -> POSIX` waits and holds nothing (proc(5)). */
export function isLockListed(
  table: string,
  wanted: { readonly inode: number; readonly pid: number }
): boolean {
  return table.split('\n').some((line) => {
    const [, kind, , access, pid, file] = line.trim().split(/\s+/)
    return (
      kind === 'POSIX' &&
      access === 'WRITE' &&
      pid === String(wanted.pid) &&
      Number(file?.split(':')[2]) === wanted.inode
    )
  })
}

/** `Uid:` names the real, effective, saved and file system user (proc_pid_status(5)). */
function parseEffectiveUid(status: string): number | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]
  return uid === undefined ? undefined : Number(uid)
}
