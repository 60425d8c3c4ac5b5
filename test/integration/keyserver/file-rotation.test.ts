import {
  appendFileSync,
  closeSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { equal, is } from 'uvu/assert'
import { RotatingLog } from '../../support/rotating-log.ts'
import { countTo, inTemporaryDirectory, numbered, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('following a log file through rotation')

type Scene = (log: RotatingLog, rig: SourceRig) => Promise<void>

function scene(title: string, play: Scene): void {
  test(title, () =>
    inTemporaryDirectory(async (directory) => {
      const log = new RotatingLog(join(directory, 'access.log'))
      const rig = new SourceRig()
      await play(log, rig)
      await rig.stop()
    })
  )
}

const follow = (rig: SourceRig, log: RotatingLog, fromStart = true) =>
  rig.start({ format: 'nginx', transport: { kind: 'file', path: log.path, fromStart } })

/** Every line came, once, in order. */
async function expectAll(rig: SourceRig, log: RotatingLog): Promise<void> {
  await rig.look(30)
  equal(rig.numbers(), countTo(log.written))
  is(rig.status.gaps, 0)
}

scene(
  'reads a log that was never read from its end, and one that comes later from its start',
  async (log, rig) => {
    log.write(3)
    await follow(rig, log, false)
    log.write(2)
    await rig.look()
    equal(rig.numbers(), [3, 4])
  }
)

scene('a log that does not exist yet is read from its first line', async (log, rig) => {
  await follow(rig, log, false)
  equal(rig.problems, ['SOURCE_MISSING'])
  log.write(3)
  await expectAll(rig, log)
  equal(rig.problems, ['SOURCE_MISSING', undefined])
})

scene('renamed, with lines before, during and after', async (log, rig) => {
  log.write(3)
  await follow(rig, log)
  await rig.look()
  log.rename()
  log.write(2, `${log.path}.1`)
  await rig.look()
  log.create()
  await rig.look(20)
  log.write(2, `${log.path}.1`)
  await rig.look()
  log.write(2)
  await rig.look()
  log.write(2)
  await expectAll(rig, log)
})

scene('renamed within a line that its writer ends in the old file', async (log, rig) => {
  log.write(3)
  log.begin(30)
  await follow(rig, log)
  await rig.look()
  log.rename()
  log.create()
  await rig.look()
  log.write(1, `${log.path}.1`)
  log.write(2)
  await expectAll(rig, log)
})

scene('renamed three times between two looks', async (log, rig) => {
  log.write(2)
  await follow(rig, log)
  await rig.look()
  for (let rotation = 0; rotation < 3; rotation++) {
    log.write(2)
    log.rename()
    log.write(2)
  }
  await expectAll(rig, log)
})

scene('copied and truncated, with lines before, during and after', async (log, rig) => {
  log.write(3)
  await follow(rig, log)
  await rig.look()
  log.write(2)
  log.copyAndTruncate()
  await rig.look()
  log.write(2)
  await rig.look()
  log.write(2)
  log.copyAndTruncate()
  log.write(20)
  await expectAll(rig, log)
})

scene('copied and truncated and already longer than before', async (log, rig) => {
  log.write(3)
  await follow(rig, log)
  await rig.look()
  log.write(1)
  log.copyAndTruncate()
  log.write(50)
  await expectAll(rig, log)
})

scene(
  'truncated under a writer that does not append leaves a hole before the next line',
  async (log, rig) => {
    log.write(20)
    await follow(rig, log)
    await rig.look()
    log.copyAndTruncate()
    const writer = openSync(log.path, 'r+')
    writeSync(writer, `${numbered(20)}\n${numbered(21)}\n`, 5_000_000)
    closeSync(writer)
    await rig.look(10)
    equal(rig.numbers(), countTo(22))
    equal(rig.unparsed, [])
  }
)

scene('removed and made anew', async (log, rig) => {
  log.write(3)
  await follow(rig, log)
  await rig.look()
  rmSync(log.path)
  await rig.look()
  is(rig.status.state, 'failing')
  log.write(3)
  await expectAll(rig, log)
  is(rig.status.state, 'reading')
  equal(rig.problems, ['SOURCE_MISSING', undefined])
})

for (const how of ['rename', 'copyAndTruncate'] as const) {
  scene(`rotated while the node was stopped (${how})`, async (log, rig) => {
    log.write(3)
    await follow(rig, log)
    await rig.look()
    await rig.stop()
    log.write(2)
    log[how]()
    log.write(2)
    log[how]()
    log.write(2)
    await follow(rig, log)
    await expectAll(rig, log)
  })

  scene(`an empty log rotated while the node was stopped (${how})`, async (log, rig) => {
    log.write(3)
    await follow(rig, log)
    await rig.look()
    log[how]()
    if (how === 'rename') log.create()
    await rig.look(20)
    await rig.stop()
    log.write(3)
    log[how]()
    log.write(2)
    await follow(rig, log)
    await expectAll(rig, log)
  })

  scene(`what was compressed while the node was stopped is a gap (${how})`, async (log, rig) => {
    log.write(3)
    await follow(rig, log)
    await rig.look()
    await rig.stop()
    log.write(2)
    log[how]()
    writeFileSync(`${log.path}.1.gz`, gzipSync('what the old log held'))
    rmSync(`${log.path}.1`)
    log.write(2)
    await follow(rig, log)
    await rig.look(20)
    equal(rig.numbers(), [0, 1, 2, 5, 6])
    is(rig.status.gaps, 1)
  })
}

scene('a line that has begun is read whole after a restart', async (log, rig) => {
  log.write(1)
  log.begin(40)
  await follow(rig, log)
  await rig.look()
  await rig.stop()
  log.begin(20)
  await follow(rig, log)
  await rig.look()
  equal(rig.numbers(), [0])
  log.write(2)
  await expectAll(rig, log)
})

scene('old rotated logs of before are not read', async (log, rig) => {
  log.write(2)
  log.rename()
  log.write(2)
  log.rename()
  log.write(2)
  await follow(rig, log)
  await rig.look(20)
  equal(rig.numbers(), [4, 5])
  log.rename()
  log.write(2)
  await rig.look(20)
  equal(rig.numbers(), [4, 5, 6, 7])
})

scene('reads dates as names of rotated logs', async (log, rig) => {
  log.write(2)
  await follow(rig, log)
  await rig.look()
  await rig.stop()
  log.write(2)
  renameSync(log.path, `${log.path}-20261124`)
  log.write(2)
  await follow(rig, log)
  await expectAll(rig, log)
})

scene('emptied by hand, it is read from its start', async (log, rig) => {
  log.write(3)
  await follow(rig, log)
  await rig.look()
  truncateSync(log.path)
  await rig.look()
  log.write(2)
  await expectAll(rig, log)
})

scene('a log that grows while it is read ends nowhere', async (log, rig) => {
  log.create()
  await follow(rig, log)
  for (let round = 0; round < 20; round++) {
    log.write(50)
    await rig.look(1)
  }
  appendFileSync(log.path, '')
  await expectAll(rig, log)
})
