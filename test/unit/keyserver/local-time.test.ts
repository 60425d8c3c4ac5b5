import { is, throws } from 'uvu/assert'
import { findTimeOffset } from '../../../src/keyserver/index.ts'
import { LocalTime } from '../../../src/keyserver/sources/local-time.ts'
import { back, front, LOG_START_MS } from '../../support/log-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('times without an offset')
const read = (zone: string, text: string) => new LocalTime(zone).readEpochMs(text, 0)

test('reads with and without milliseconds', () => {
  is(read('UTC', '23/Nov/2026:03:16:35.027'), Date.UTC(2026, 10, 23, 3, 16, 35, 27))
  is(read('UTC', '23/Nov/2026:03:16:35]'), Date.UTC(2026, 10, 23, 3, 16, 35))
})

for (const zone of ['+05:30', '+0530', 'Asia/Kolkata']) {
  test(`knows the zone ${zone}`, () =>
    is(read(zone, '23/Nov/2026:03:16:35'), Date.UTC(2026, 10, 22, 21, 46, 35)))
}

test('follows the change of the clocks', () => {
  is(read('Europe/Berlin', '01/Jul/2026:12:00:00'), Date.UTC(2026, 6, 1, 10))
  is(read('Europe/Berlin', '01/Dec/2026:12:00:00'), Date.UTC(2026, 11, 1, 11))
  is(read('America/New_York', '08/Mar/2026:01:59:59'), Date.UTC(2026, 2, 8, 6, 59, 59))
  is(read('America/New_York', '08/Mar/2026:03:00:00'), Date.UTC(2026, 2, 8, 7))
})

test('tells the two passes through a repeated hour apart', () => {
  const time = new LocalTime('Europe/Berlin')
  const at = (text: string) => time.readEpochMs(`25/Oct/2026:${text}`, 0)
  is(at('02:10:00'), Date.UTC(2026, 9, 25, 0, 10))
  is(at('02:59:59'), Date.UTC(2026, 9, 25, 0, 59, 59))
  is(at('02:00:00'), Date.UTC(2026, 9, 25, 1))
  is(at('02:30:00'), Date.UTC(2026, 9, 25, 1, 30))
  is(at('02:59:59'), Date.UTC(2026, 9, 25, 1, 59, 59))
  is(at('03:00:00'), Date.UTC(2026, 9, 25, 2))
})

test('refuses what is no zone', () => {
  throws(
    () => new LocalTime('Mars/Olympus'),
    (error: { code?: string }) => error.code === 'TIME_ZONE_INVALID'
  )
  throws(
    () => new LocalTime('+25:00'),
    (error: { code?: string }) => error.code === 'TIME_ZONE_INVALID'
  )
})

const keys = Array.from({ length: 40 }, (_, index) => `/pks/lookup?op=get&search=0x${index}00`)
const access = (target: string, atMs: number) =>
  `time="${new Date(atMs).toISOString().slice(0, 19)}Z" level=info GET="${target}" duration=5ms host=h status-code=200`

for (const hours of [0, -5, 5.75, 14, -11]) {
  test(`finds an offset of ${hours} hours`, () => {
    const offsetMs = hours * 3_600_000
    const haproxy = keys.flatMap((target, index) => {
      const fields = {
        atMs: LOG_START_MS + index * 700 + offsetMs,
        port: index,
        request: `GET ${target} HTTP/1.1`
      }
      return [back(fields), front(fields)]
    })
    const hockeypuck = keys.map((target, index) => access(target, LOG_START_MS + index * 700))
    is(findTimeOffset(haproxy, hockeypuck)?.offsetMs, offsetMs)
  })
}

test('finds none where the logs have nothing in common', () => {
  is(findTimeOffset([back()], [access('/other', LOG_START_MS)]), undefined)
  is(findTimeOffset([], []), undefined)
})
