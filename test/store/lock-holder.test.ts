import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { is } from 'uvu/assert'
import { holdsLock, isLockListed } from '../../src/store/lock-holder.ts'
import { ProcessLock } from '../../src/store/process-lock.ts'
import { suite } from '../support/suite.ts'

const test = suite('holder of the lock')

test('is the process that has it, for as long as it has it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'netminder-holder-'))
  const path = join(directory, 'netminder.lock')
  try {
    is(holdsLock(path, process.pid), false, 'no file')
    const lock = new ProcessLock(path)
    is(holdsLock(path, process.pid), true)
    is(holdsLock(path, process.ppid), false)
    lock.release()
    is(holdsLock(path, process.pid), false)
    const ended = spawnSync(process.execPath, ['-e', '']).pid
    is(holdsLock(path, ended), false)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('reads the list of the kernel', () => {
  const table = `1: POSIX  ADVISORY  WRITE 21327 fe:00:9986135 1073741825 1073741825
2: POSIX  ADVISORY  READ 21327 fe:00:9986138 124 124
3: FLOCK  ADVISORY  WRITE 5 00:2f:1234 0 EOF
4: POSIX  ADVISORY  WRITE 6 00:2f:1234 0 EOF
4: -> POSIX  ADVISORY  WRITE 7 00:2f:1234 0 EOF
`
  for (const [inode, pid, expected] of [
    [9986135, 21327, true],
    [9986135, 2132, false],
    [986135, 21327, false],
    [9986138, 21327, false],
    [1234, 5, false],
    [1234, 6, true],
    [1234, 7, false]
  ] as const) {
    is(isLockListed(table, { inode, pid }), expected, `${inode} ${pid}`)
  }
})
