/** A file that tells of its writes is looked at sooner, and nothing else changes: the test moves the clock. */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is } from 'uvu/assert'
import { watchFile } from '../../../src/keyserver/index.ts'
import { countTo, inTemporaryDirectory, numbered, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('a log file that tells of its writes')
/** Looks are this far apart; the poll comes ten times later. */
const SHORT_MS = 20

interface Scene {
  readonly rig: SourceRig
  readonly path: string
  /** Paths that are watched now. */
  readonly watched: string[]
  write(number: number): void
  tell(): void
}

async function inScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    const rig = new SourceRig()
    const path = join(directory, 'access.log')
    const watched: string[] = []
    let onWritten: () => void = () => undefined
    rig.watchFile = (followed, told) => {
      watched.push(followed)
      onWritten = told
      return { close: () => watched.splice(watched.indexOf(followed), 1) }
    }
    writeFileSync(path, '')
    await rig.start({ format: 'nginx', transport: { kind: 'file', path } })
    await work({
      rig,
      path,
      watched,
      write: (number) => appendFileSync(path, `${numbered(number)}\n`),
      tell: () => onWritten()
    })
    await rig.stop()
    equal(watched, [])
  })
}

test('a told write is read long before the poll is due', async () => {
  await inScene(async ({ rig, write, tell }) => {
    await rig.look(1, SHORT_MS)
    write(0)
    tell()
    await rig.until(() => rig.numbers().length === 1)
    equal(rig.numbers(), [0])
  })
})

test('a write that nobody tells of is read by the poll', async () => {
  await inScene(async ({ rig, write }) => {
    await rig.look(1, SHORT_MS)
    write(0)
    await rig.look(3, SHORT_MS)
    equal(rig.numbers(), [])
    await rig.look(2)
    equal(rig.numbers(), [0])
  })
})

test('what is told while nobody waits for it is not forgotten', async () => {
  await inScene(async ({ rig, write, tell }) => {
    // The short wait that keeps looks apart is still on.
    write(0)
    tell()
    await rig.look(1, SHORT_MS)
    await rig.until(() => rig.numbers().length === 1)
  })
})

test('after a rotation the new file is watched in place of the old', async () => {
  await inScene(async ({ rig, path, watched, write, tell }) => {
    write(0)
    await rig.look(2)
    renameSync(path, `${path}.1`)
    write(1)
    await rig.look(12)
    equal(rig.numbers(), [0, 1])
    equal(watched, [path])
    await rig.look(1, SHORT_MS)
    write(2)
    tell()
    await rig.until(() => rig.numbers().length === 3)
    equal(rig.numbers(), countTo(3))
  })
})

test('the kernel tells of a write', async () => {
  await inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'access.log')
    writeFileSync(path, '')
    let count = 0
    const watch = watchFile(path, () => count++)
    appendFileSync(path, 'a')
    await new SourceRig().until(() => count > 0)
    watch.close()
  })
})

test('a file that cannot be watched is none to fail for', () => {
  const watch = watchFile('/nowhere/access.log', () => undefined)
  is(watch.close(), undefined)
})
