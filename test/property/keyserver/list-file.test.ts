/** Laws of the list file and the record: what others wrote stays byte for byte, what we wrote comes back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { equal, is, ok } from 'uvu/assert'
import { findPrefix } from '../../../src/base/index.ts'
import { type HeldEntry, HeldRecord } from '../../../src/keyserver/actuators/held-record.ts'
import {
  parseListFile,
  readListFile,
  renderListFile,
  writeListFile
} from '../../../src/keyserver/actuators/list-file.ts'
import { applyToFile, changesOfFile } from '../../../src/keyserver/actuators/list-file-changes.ts'
import { suite } from '../../support/suite.ts'

const test = suite('laws of list files and records')
let folder: string
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'netminder-lists-'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

const byte = fc.integer({ min: 0, max: 255 })
const prefix = fc
  .oneof(
    fc
      .tuple(byte, byte, byte, byte, fc.integer({ min: 8, max: 32 }))
      .map(([a, b, c, d, length]) => `${a}.${b}.${c}.${d}/${length}`),
    fc
      .tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 16, max: 128 }))
      .map(([group, length]) => `2001:db8:${group.toString(16)}::1/${length}`)
  )
  .map((text) => findPrefix(text)?.text ?? '')
const prefixes = fc.uniqueArray(prefix, { maxLength: 12 })

/** Any bytes but a line feed, also carriage returns, NUL and what is no UTF-8. */
const foreignLine = fc
  .oneof(
    fc.array(byte, { maxLength: 30 }).map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom(
      '',
      '\r',
      '# comment',
      '# netminder',
      '10.0.0.1',
      '10.0.0.1\r',
      ' 10.0.0.2 # x'
    ),
    prefix
  )
  .map((line) => line.replaceAll('\n', ''))
const foreignLines = fc.array(foreignLine, { maxLength: 12 })

const sorted = (texts: readonly string[]) => [...texts].sort()

test('what is rendered is read again', () => {
  fc.assert(
    fc.property(foreignLines, prefixes, (lines, own) => {
      const contents = parseListFile(renderListFile({ foreignLines: lines, own }))
      equal(contents.foreignLines, lines)
      equal(sorted(contents.own), sorted(own))
    })
  )
})

test('putting entries in and taking them out again leaves the bytes of others as they were', () => {
  return fc.assert(
    fc.asyncProperty(foreignLines, prefixes, fc.boolean(), async (lines, own, endsWithLineEnd) => {
      const path = join(folder, 'a.list')
      const before = Buffer.from(
        lines.join('\n') + (endsWithLineEnd && lines.length > 0 ? '\n' : ''),
        'latin1'
      )
      writeFileSync(path, before)
      await applyToFile(path, { wanted: new Set(own), isEndingOnly: false })
      await applyToFile(path, { wanted: new Set(), isEndingOnly: false })
      const after = readFileSync(path)
      is(after.subarray(0, before.length).compare(before), 0)
      // A line of ours can only begin where the line before it has ended.
      ok(['', '\n'].includes(after.subarray(before.length).toString('latin1')))
    }),
    { numRuns: 60 }
  )
})

test('our block is found wherever it stands, with the line ends of whatever editor', () => {
  fc.assert(
    fc.property(foreignLines, foreignLines, prefixes, fc.boolean(), (above, below, own, isCrlf) => {
      fc.pre(own.length > 0)
      const end = isCrlf ? '\r\n' : '\n'
      const block = renderListFile({ foreignLines: [], own }).replaceAll('\n', end)
      const text = `${above.map((line) => `${line}\n`).join('')}${block}${below.map((line) => `${line}\n`).join('')}`
      const contents = parseListFile(text)
      equal(contents.foreignLines, [...above, ...below])
      equal(sorted(contents.own), sorted(own))
    })
  )
})

test('the changes lead from what is there to what is wanted, and never repeat a line of others', () => {
  fc.assert(
    fc.property(foreignLines, prefixes, prefixes, (lines, own, wanted) => {
      const goal = new Set(wanted)
      const changes = changesOfFile(
        { foreignLines: lines, own },
        { wanted: goal, isEndingOnly: false }
      )
      const after = new Set([...own, ...changes.added])
      for (const gone of changes.removed) after.delete(gone)
      equal(sorted([...after]), sorted(changes.own))
      for (const one of wanted) is(after.has(one), !changes.foreign.has(one))
      const ending = changesOfFile(
        { foreignLines: lines, own },
        { wanted: goal, isEndingOnly: true }
      )
      is(ending.added.length, 0)
      ok(ending.own.every((one) => own.includes(one)))
    })
  )
})

test('a list on disk keeps bytes that are no text', async () => {
  const path = join(folder, 'binary.list')
  const bytes = Buffer.from([0xff, 0xfe, 0x0d, 0x0a, 0x00, 0xc3, 0x28, 0x0a])
  writeFileSync(path, bytes)
  await writeListFile(path, { ...(await readListFile(path)), own: ['192.0.2.1/32'] })
  is(readFileSync(path).subarray(0, bytes.length).compare(bytes), 0)
})

test('a record says what was written into it', () => {
  const entry: fc.Arbitrary<HeldEntry> = fc
    .tuple(
      prefix,
      fc.constantFrom('ban' as const, 'throttle' as const),
      fc.integer(),
      fc.string(),
      fc.integer({ min: 0, max: 3 })
    )
    .map(([text, action, untilMs, decisionId, flags]) => ({
      prefix: text,
      action,
      untilMs,
      decisionId,
      ...((flags & 1) > 0 ? { isForeign: true } : {}),
      ...((flags & 2) > 0 ? { isPending: true } : {})
    }))
  return fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (entries) => {
      const path = join(folder, 'records', 'one.json')
      await new HeldRecord(path).write(entries)
      equal(await new HeldRecord(path).read(), entries)
    }),
    { numRuns: 50 }
  )
})

test('a record that was cut off or changed is never half believed', () => {
  const path = join(folder, 'cut.json')
  const whole =
    '{"version":1,"entries":[["192.0.2.1/32","ban",5,"d"],["192.0.2.2/32","throttle",6,"e",1]]}'
  return fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
      writeFileSync(path, whole.slice(0, length))
      const { entries, damage } = await new HeldRecord(path).readOrReport()
      equal(entries, [])
      is(damage?.code, 'RECORD_UNUSABLE')
    }),
    { numRuns: 40 }
  )
})
