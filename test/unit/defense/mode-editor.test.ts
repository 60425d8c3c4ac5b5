import { equal, throws } from 'uvu/assert'
import { type AuditInput, type ModeSettings, modeFor } from '../../../src/defense/index.ts'
import { ModeEditor } from '../../../src/defense/mode-editor.ts'
import { suite } from '../../support/suite.ts'

const test = suite('mode editor')

function bench() {
  let held: ModeSettings = { overall: 'shadow', byCategory: {}, previous: undefined }
  const audit: AuditInput[] = []
  const editor = new ModeEditor({
    mode: {
      get: () => held,
      set: (settings) => {
        held = settings
      }
    },
    audit: { append: (entry) => void audit.push(entry) },
    unitOfWork: { run: (work) => work() }
  })
  return { editor, audit, held: () => held }
}

test('sets the mode of one category without touching the others, and all of them at once', () => {
  const { editor, held, audit } = bench()
  editor.set({ mode: 'enforce', category: 'scanner' }, 'cli:me', 'sure of these')
  equal([modeFor(held(), 'scanner'), modeFor(held(), 'harvesting')], ['enforce', 'shadow'])
  editor.set({ mode: 'enforce', category: undefined }, 'cli:me', 'of all')
  equal([modeFor(held(), 'scanner'), modeFor(held(), 'harvesting')], ['enforce', 'enforce'])
  equal(held().byCategory, {})
  equal(
    audit.map(({ action, reason }) => [action, reason]),
    [
      ['mode.set', 'sure of these'],
      ['mode.set', 'of all']
    ]
  )
})

test('undoes the last change, once', () => {
  const { editor, held } = bench()
  throws(
    () => editor.undo('cli:me'),
    (error: { code?: string }) => error.code === 'NOTHING_TO_UNDO'
  )
  editor.set({ mode: 'enforce', category: 'scanner' }, 'cli:me', '')
  editor.set({ mode: 'shadow', category: undefined }, 'cli:me', '')
  editor.undo('cli:me')
  equal([modeFor(held(), 'scanner'), held().overall], ['enforce', 'shadow'])
  throws(
    () => editor.undo('cli:me'),
    (error: { code?: string }) => error.code === 'NOTHING_TO_UNDO'
  )
})
