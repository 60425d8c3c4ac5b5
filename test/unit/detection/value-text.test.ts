import { is } from 'uvu/assert'
import {
  bytesText,
  durationText,
  numberText,
  percentText,
  valueText
} from '../../../src/detection/features/value-text.ts'
import { FEATURES } from '../../../src/detection/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('value text')

test('writes numbers with the digits that count', () => {
  for (const [value, text] of [
    [0, '0'],
    [0.04, '0.04'],
    [0.123, '0.12'],
    [3.24, '3.2'],
    [9.96, '10'],
    [41.4, '41'],
    [12_000, '12,000'],
    [-2.25, '-2.3']
  ] as const) {
    is(numberText(value), text)
  }
})

test('writes no share as none or all that is only nearly so', () => {
  for (const [share, text] of [
    [0, '0 %'],
    [0.0001, 'less than 0.1 %'],
    [0.004, '0.4 %'],
    [0.5, '50 %'],
    [0.994, '99.4 %'],
    [0.99999, 'more than 99.9 %'],
    [1, '100 %']
  ] as const) {
    is(percentText(share), text)
  }
})

test('writes times and sizes in units that a person would choose', () => {
  is(durationText(0.25), '250 ms')
  is(durationText(2.13), '2.1 s')
  is(durationText(600), '10 minutes')
  is(durationText(7_200), '2 hours')
  is(durationText(200_000), '2 days')
  is(bytesText(1), '1 byte')
  is(bytesText(12_288), '12 KiB')
  is(bytesText(3 * 1_048_576), '3 MiB')
})

test('writes the value of each feature with its unit', () => {
  for (const [name, value, text] of [
    ['requests_1h', 1.2, '1 request'],
    ['requests_1h', 41.7, '42 requests'],
    ['miss_share', 0.82, '82 %'],
    ['session_age', 180, '3 minutes'],
    ['upload_bytes', 12_288, '12 KiB'],
    ['answer_bytes', -1, 'not known'],
    ['has_language', 1, 'yes'],
    ['is_gpg_like', 0, 'no'],
    ['agent', 1, 'browser'],
    ['agent', Number.NaN, 'not known'],
    ['prefix_members', 1, '1 address'],
    ['prefix_members', 3, '3 addresses'],
    ['alike_per_minute', 14.2, '14 addresses a minute'],
    ['alike_ratio', 31.7, '32 times'],
    ['order_score', 8.23, '8.2 standard deviations'],
    ['gap_autocorrelation', -0.25, '-0.25'],
    ['status_class', 4, '4xx'],
    ['rule_level', 0, 'none'],
    ['rule_level', 2, 'throttle'],
    ['rule_count', 1, '1 rule']
  ] as const) {
    const feature = FEATURES.find((one) => one.name === name)
    is(feature && valueText(feature, value), text, name)
  }
})
