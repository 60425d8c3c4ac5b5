import { is } from 'uvu/assert'
import {
  readHaproxyLine,
  readLogrusLine,
  shiftHaproxyLine,
  shiftLogrusLine,
  type TimedLine,
  type TimeShift
} from '../../../src/cli/demo/line-shift.ts'
import { suite } from '../../support/suite.ts'

const test = suite('times of recorded lines')

const MIDNIGHT = Date.UTC(2026, 10, 23)
const NOON = Date.UTC(2027, 1, 28, 12)
const slow: TimeShift = { recordedFromMs: MIDNIGHT, playedFromMs: NOON, speed: 1 }
const fast: TimeShift = { ...slow, speed: 10 }

function haproxy(time: string, timers: string): string {
  return `127.1.2.3:40000 [23/Nov/2026:${time}] fe_http_handler~ be/srv ${timers} 200 174/2591 - - ---- 31/12/0/0/0 0/0 {h|||||a [b] 1/2/3/4/5 ||1|1} "GET /pks/lookup?op=get&search=caf\xe9#0A HTTP/1.1"`
}

function timed(line: TimedLine | undefined): TimedLine {
  if (line === undefined) throw new Error('expected a line with a time')
  return line
}

const shiftProxy = (line: string, shift: TimeShift) =>
  shiftHaproxyLine(timed(readHaproxyLine(line)), shift)
const shiftServer = (line: string, shift: TimeShift) =>
  shiftLogrusLine(timed(readLogrusLine(line)), shift)

for (const { name, time, timers, shift, expected } of [
  {
    name: 'moves a request to the day on which it is played',
    time: '00:00:10.250',
    timers: '0/0/0/2/2',
    shift: slow,
    expected: '28/Feb/2027:12:00:10.250'
  },
  {
    name: 'brings requests nearer together when played faster',
    time: '00:00:10.250',
    timers: '0/0/0/2/2',
    shift: fast,
    expected: '28/Feb/2027:12:00:01.025'
  },
  {
    name: 'counts a kept connection from the arrival of its request, and keeps its idle time',
    time: '00:00:10.000',
    timers: '5000/0/0/3/5003',
    shift: fast,
    // The request arrived at 15.000 s, which is 1.500 s; the connection had then been idle for 5 s.
    expected: '28/Feb/2027:11:59:56.500'
  },
  {
    name: 'begins a tarpit in its turn',
    time: '00:00:10.000',
    timers: '-1/15002/-1/-1/15001',
    shift: fast,
    expected: '28/Feb/2027:12:00:01.000'
  }
]) {
  test(name, () => {
    const line = haproxy(time, timers)
    is(shiftProxy(line, shift), line.replace(`23/Nov/2026:${time}`, expected))
  })
}

test('changes nothing but the time, whatever stands in the request', () => {
  const line = haproxy('00:00:00.000', '0/0/0/2/2')
  is(shiftProxy(line, { ...slow, playedFromMs: MIDNIGHT }), line)
})

test('knows when HAProxy wrote a line, and for how long its request lasted', () => {
  const kept = timed(readHaproxyLine(haproxy('00:00:10.000', '5000/0/0/3/5003')))
  is(kept.writtenAtMs, MIDNIGHT + 15_003)
  is(kept.durationMs, 3)
  const tarpit = timed(readHaproxyLine(haproxy('00:00:10.000', '-1/15002/-1/-1/15001')))
  is(tarpit.writtenAtMs, MIDNIGHT + 25_001)
  is(tarpit.durationMs, 15_001)
})

test('finds no time in notices and foreign lines', () => {
  is(readHaproxyLine('[NOTICE]   (2715) : Reloading HAProxy'), undefined)
  is(readLogrusLine('panic: runtime error'), undefined)
  is(readLogrusLine('time="yesterday" level=info'), undefined)
})

test('moves lines of Hockeypuck to a whole second', () => {
  const rest = 'level=info msg=lookup op=get search="time=\\"2026-11-23T00:00:00Z\\""'
  is(
    shiftServer(`time="2026-11-23T00:00:17Z" ${rest}`, fast),
    `time="2027-02-28T12:00:01Z" ${rest}`
  )
})

test('lets a request of Hockeypuck last as long as it did', () => {
  const line = (time: string) =>
    `time="${time}" level=info POST=/pks/add duration=12.5s host=h status-code=200`
  // It began at 7.5 s, which is 0.75 s, and ends 12.5 s later.
  is(shiftServer(line('2026-11-23T00:00:20Z'), fast), line('2027-02-28T12:00:13Z'))
})

test('takes microseconds, which Go writes with a sign of its own, for none', () => {
  const line = timed(readLogrusLine('time="2026-11-23T00:00:20Z" duration="667.2\u00b5s" GET=/'))
  is(line.durationMs, 0)
  is(timed(readLogrusLine('time="2026-11-23T00:00:20Z" duration=1m2.5s GET=/')).durationMs, 62_500)
})
