import * as assert from 'uvu/assert'
import {
  findMetricNameFault,
  type MetricsRegister,
  NullMetricsRegister,
  PrometheusRegister,
  renderMetricsReference
} from '../../../src/telemetry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('metrics')

const NAMES = [
  { type: 'counter', name: 'netminder_source_lines_total', isGood: true },
  { type: 'histogram', name: 'netminder_api_request_duration_seconds', isGood: true },
  { type: 'gauge', name: 'netminder_guard_active_decisions', isGood: true },
  { type: 'gauge', name: 'netminder_store_size_bytes', isGood: true },
  { type: 'gauge', name: 'netminder_node_build_info', isGood: true },
  { type: 'counter', name: 'netminder_source_lines', isGood: false },
  { type: 'gauge', name: 'netminder_guard_decisions_total', isGood: false },
  { type: 'histogram', name: 'netminder_api_request_duration_ms', isGood: false },
  { type: 'gauge', name: 'netminder_store_size', isGood: false },
  { type: 'gauge', name: 'netminder_bytes', isGood: false },
  { type: 'gauge', name: 'guard_active_decisions', isGood: false },
  { type: 'gauge', name: 'netminder_guardActive_decisions', isGood: false }
] as const

for (const { type, name, isGood } of NAMES) {
  test(`${isGood ? 'accepts' : 'refuses'} the ${type} ${name}`, () => {
    const fault = findMetricNameFault({ type, name, help: 'A sentence.', labels: {} })
    assert.is(fault === undefined, isGood)
  })
}

test('refuses a help that is no sentence, an odd label and a label without bound', () => {
  const base = { type: 'gauge', name: 'netminder_a_lines', help: 'Help.', labels: {} } as const
  assert.ok(findMetricNameFault({ ...base, help: 'help' }))
  assert.ok(findMetricNameFault({ ...base, labels: { clientIp: ['a'] } }))
  assert.ok(findMetricNameFault({ ...base, labels: { cause: [] } }))
  const many = Array.from({ length: 129 }, (_, index) => String(index))
  assert.ok(findMetricNameFault({ ...base, labels: { cause: many } }))
  assert.not.ok(findMetricNameFault({ ...base, labels: { cause: many.slice(1) } }))
})

function declareSample(register: MetricsRegister) {
  return {
    lines: register.counter({
      name: 'netminder_sample_lines_total',
      help: 'Lines read.',
      labels: { cause: ['empty', 'binary'] }
    }),
    size: register.gauge({ name: 'netminder_sample_size_bytes', help: 'Size.' }),
    wait: register.histogram({
      name: 'netminder_sample_wait_seconds',
      help: 'Wait.',
      buckets: [0.1, 1]
    })
  }
}

test('counts under the declared labels and everything else under other', async () => {
  const register = new PrometheusRegister({ hasProcessMetrics: false })
  const sample = declareSample(register)
  sample.lines.add(2, { cause: 'empty' })
  sample.lines.add(3, { cause: 'attacker text' as 'empty' })
  sample.size.set(7)
  sample.wait.observe(0.5)
  const text = await register.text()
  assert.match(text, 'netminder_sample_lines_total{cause="empty"} 2')
  assert.match(text, 'netminder_sample_lines_total{cause="other"} 3')
  assert.not.match(text, 'attacker')
  assert.match(text, 'netminder_sample_size_bytes 7')
  assert.match(text, 'netminder_sample_wait_seconds_bucket{le="1"} 1')
})

test('has the metrics of the process under their usual names', async () => {
  const text = await new PrometheusRegister().text()
  assert.match(text, 'process_resident_memory_bytes')
  assert.match(text, 'nodejs_eventloop_lag_seconds')
})

test('keeps nothing in the null register and still checks names', () => {
  const register = new NullMetricsRegister()
  declareSample(register).lines.add(1, { cause: 'empty' })
  assert.is(register.declarations.length, 3)
  assert.throws(() => register.gauge({ name: 'bad', help: 'A.' }))
})

test('renders one row for each metric, by name', () => {
  const rows = renderMetricsReference([declareSample])
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  assert.equal(rows, [
    '| `netminder_sample_lines_total` | counter | `cause`: empty, binary | Lines read. |',
    '| `netminder_sample_size_bytes` | gauge |  | Size. |',
    '| `netminder_sample_wait_seconds` | histogram |  | Wait. |'
  ])
})
