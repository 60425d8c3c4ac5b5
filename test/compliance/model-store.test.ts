/** The model store against one in memory, under any sequence of what a registry asks of it. */
import fc from 'fast-check'
import { equal } from 'uvu/assert'
import { MODEL_STAGES, type ModelRecord, type ModelStore } from '../../src/registry/index.ts'
import { ModelRepository } from '../../src/store/index.ts'
import { MemoryModelStore } from '../support/fake-models.ts'
import { makeStore, removeStore, START_MS } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('model store', { timeoutMs: 60_000 })

const versions = fc.constantFrom('1', '2', '3')
const tasks = fc.constantFrom('behaviour', 'certificate')
const stages = fc.constantFrom(...MODEL_STAGES)
const revisions = fc.integer({ min: 1, max: 4 })
const at = fc.integer({ min: 0, max: 9 })

type Step = (store: ModelStore) => unknown

function record(fields: Partial<ModelRecord>): ModelRecord {
  return {
    ...{ name: 'small', version: '1', task: 'behaviour', kind: 'boosting', stage: 'candidate' },
    ...{ origin: 'imported', digest: '0a'.repeat(32), thresholds: { ban: 0.9 }, notes: 'ä\n' },
    ...{ revision: 1, createdAtMs: START_MS, updatedAtMs: START_MS, succeededAtMs: undefined },
    ...fields
  } as ModelRecord
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ version: versions, task: tasks, stage: stages }).map((fields): Step => {
    return (store) => store.insert(record(fields))
  }),
  fc
    .record({ version: versions, stage: stages, revision: revisions, ms: fc.option(at) })
    .map(({ ms, ...fields }): Step => {
      return (store) => {
        const stored = store.find('small', fields.version)
        const succeededAtMs = ms === null ? undefined : START_MS + ms
        return store.update(record({ ...stored, ...fields, succeededAtMs }))
      }
    }),
  fc.record({ version: versions, revision: revisions }).map((fields): Step => {
    return (store) => store.remove({ name: 'small', ...fields })
  }),
  fc.record({ version: versions, task: tasks, before: fc.option(stages), ms: at }).map(
    ({ version, task, before, ms }): Step =>
      (store) =>
        store.append({
          ...{ name: 'small', version, task, action: 'move', actor: 'test', reason: '' },
          ...{ stageBefore: before ?? undefined, stageAfter: undefined, atMs: START_MS + ms }
        })
  )
)

function outcomeOf(step: Step, store: ModelStore): unknown {
  try {
    return step(store)
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error)
  }
}

function seenOf(store: ModelStore) {
  return ['behaviour', 'certificate'].map((task) => ({
    all: store.all(),
    champion: store.findChampion(task),
    events: store.events(task, 5),
    one: store.find('small', '2')
  }))
}

test('keeps what the port promises', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 14 }), (sequence) => {
      const real = makeStore()
      try {
        const repository: ModelStore = new ModelRepository(real.db)
        const memory = new MemoryModelStore()
        for (const step of sequence) {
          equal(outcomeOf(step, repository), outcomeOf(step, memory))
          equal(seenOf(repository), seenOf(memory))
        }
        for (const task of ['behaviour', 'certificate']) {
          // Of two that were succeeded in the same millisecond either may come first.
          const [one, other] = [repository, memory].map((store) => store.findLastSucceeded(task))
          equal(one?.succeededAtMs, other?.succeededAtMs)
        }
      } finally {
        removeStore(real)
      }
    }),
    { numRuns: 60 }
  )
})
