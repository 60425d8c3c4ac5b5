import { equal, is } from 'uvu/assert'
import { type Config, loadConfig } from '../../../src/config/index.ts'
import { auditConfig, type ConfigAuditLog } from '../../../src/daemon/config-audit.ts'
import type { AuditInput } from '../../../src/store/audit-repository.ts'
import { suite } from '../../support/suite.ts'

const test = suite('audit of the configuration')

/** Newest first, as the real one. */
function fakeAudit(): ConfigAuditLog & { readonly entries: AuditInput[] } {
  const entries: AuditInput[] = []
  return {
    entries,
    append: (entry) => void entries.unshift(JSON.parse(JSON.stringify(entry))),
    list: ({ action, limit }) => ({
      items: entries
        .filter((entry) => entry.action === action)
        .slice(0, limit)
        .map((entry, index) => ({ ...entry, sequence: index, atMs: 0, hash: '' })),
      nextCursor: undefined
    })
  }
}

function configWith(flags: Readonly<Record<string, unknown>> = {}): Config {
  return loadConfig({ dataDir: '/nonexistent/netminder', flags }).config
}

test('the first start writes everything down, the next one nothing', () => {
  const audit = fakeAudit()
  auditConfig(configWith(), audit)
  is(audit.entries.length, 1)
  is(audit.entries[0]?.reason, 'first start')
  equal(auditConfig(configWith(), audit), [])
  is(audit.entries.length, 1)
})

test('a changed key is written down with what it was and what it is', () => {
  const audit = fakeAudit()
  auditConfig(configWith(), audit)
  const changed = auditConfig(
    configWith({ 'node.name': 'eyes', 'detection.treatAsPublic': ['127.0.0.0/8'] }),
    audit
  )
  equal([...changed].sort(), ['detection.treatAsPublic', 'node.name'])
  equal(audit.entries[0]?.before, { 'node.name': '', 'detection.treatAsPublic': [] })
  equal(audit.entries[0]?.after, {
    'node.name': 'eyes',
    'detection.treatAsPublic': ['127.0.0.0/8']
  })
})

test('a change that is taken back is a change as well', () => {
  const audit = fakeAudit()
  auditConfig(configWith(), audit)
  auditConfig(configWith({ 'node.name': 'eyes' }), audit)
  equal(auditConfig(configWith(), audit), ['node.name'])
  is(audit.entries.length, 3)
})
