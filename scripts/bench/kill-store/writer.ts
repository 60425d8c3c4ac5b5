/**
 * The process that is killed: writes decisions with their audit entries as fast as it can and says each one on stdout only after it
 * was committed. Arguments: data directory, number of the run, and `after-commit` or `before-commit` (the latter breaks the promise
 * on purpose, so that the check can be seen to fail).
 */
import { writeSync } from 'node:fs'
import { SystemClock } from '../../../src/base/index.ts'
import {
  AuditRepository,
  DecisionRepository,
  EvidenceRepository,
  openDatabase,
  storePaths
} from '../../../src/store/index.ts'
import { decisionOfRun, evidenceOfRun } from './workload.ts'

const [dataDir = '', runText = '0', acknowledge = 'after-commit'] = process.argv.slice(2)
const run = Number(runText)
const clock = new SystemClock()
const { db, setAside } = openDatabase({ dataDir, clock })
if (setAside !== undefined)
  throw new Error(`expected a sound database, got one set aside at ${setAside}`)
const decisions = new DecisionRepository(db)
const evidence = new EvidenceRepository(db)
const audit = new AuditRepository(db, clock, { headFile: storePaths(dataDir).auditHead })

function say(number: number): void {
  writeSync(1, `${number}\n`)
}

/** A pause in which the process can be killed between the word and the deed. */
function wait(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

for (let number = 0; ; number++) {
  if (acknowledge === 'before-commit') {
    say(number)
    wait(5)
  }
  db.transaction.run(() => {
    const decision = decisionOfRun(run, number)
    decisions.insert(decision)
    evidence.insert(decision.id, evidenceOfRun(run, number))
    audit.append({
      actor: 'detection',
      action: 'decision.create',
      target: decision.id,
      before: undefined,
      after: decision,
      reason: 'load'
    })
    if (number > 0) {
      const previous = decisionOfRun(run, number - 1)
      decisions.update({ ...previous, liftedAtMs: previous.createdAtMs + 1, liftedBy: 'load' })
    }
  })
  if (acknowledge === 'after-commit') say(number)
}
