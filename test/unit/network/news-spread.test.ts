import { equal, is } from 'uvu/assert'
import { ManualClock, seededRandom } from '../../../src/base/index.ts'
import { NewsSpread, PAUSE_MS, STUCK_MS } from '../../../src/network/news-spread.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: what came by reconciliation goes on')
const NEVER = new AbortController().signal

function setUp(names: readonly string[]) {
  const clock = new ManualClock(1_000_000)
  const peers = new Map(names.map((name) => [name, name]))
  const asked: string[] = []
  const ask = (peer: string) => void asked.push(peer)
  const news = new NewsSpread({ clock, random: seededRandom(1), peers, ask })
  return { clock, peers, asked, news }
}

test('four different peers are asked within two seconds, however often this node caught up until then', async () => {
  const { clock, asked, news } = setUp(['a', 'b', 'c', 'd', 'e'])
  const spreads = [news.spread(NEVER), news.spread(NEVER), news.spread(NEVER)]
  equal(asked, [])
  await clock.advance(2_000)
  await Promise.all(spreads)
  is(new Set(asked).size, 4)
  is(asked.length, 4)
})

test('it goes on again with what came afterwards', async () => {
  const { clock, asked, news } = setUp(['a'])
  for (let times = 0; times < 2; times++) {
    const spread = news.spread(NEVER)
    await clock.advance(2_000)
    await spread
  }
  equal(asked, ['a', 'a'])
})

test('a node that stops asks nobody', async () => {
  const { asked, news } = setUp(['a'])
  const stopping = new AbortController()
  const spread = news.spread(stopping.signal)
  stopping.abort(new Error('stopped'))
  is(
    await spread.then(
      () => 'ended',
      ({ message }) => message
    ),
    'stopped'
  )
  equal(asked, [])
})

test('a peer that asks and differs is asked back: at once, or when the pause since it was asked last is over', async () => {
  const { clock, asked, news } = setUp(['a'])
  await news.askBack('a', NEVER)
  equal(asked, ['a'])
  news.noteCompared('a', false)
  await clock.advance(PAUSE_MS - 1)
  const waiting = [news.askBack('a', NEVER), news.askBack('a', NEVER)]
  equal(asked, ['a'])
  await clock.advance(1)
  await Promise.all(waiting)
  equal(asked, ['a', 'a'])
})

test('two that differ for good come to rest', async () => {
  const { clock, asked, news } = setUp(['a'])
  news.noteCompared('a', true)
  await clock.advance(STUCK_MS - 1)
  await news.askBack('a', NEVER)
  equal(asked, [])
  await clock.advance(1)
  await news.askBack('a', NEVER)
  equal(asked, ['a'])
  news.noteCompared('a', true)
  news.noteCompared('a', false)
  await clock.advance(PAUSE_MS)
  await news.askBack('a', NEVER)
  equal(asked, ['a', 'a'])
})

test('a peer that is gone is not asked back; one that comes again is', async () => {
  const { peers, asked, news } = setUp(['a'])
  news.noteCompared('a', true)
  peers.delete('a')
  news.forget('a')
  await news.askBack('a', NEVER)
  equal(asked, [])
  peers.set('a', 'a')
  await news.askBack('a', NEVER)
  equal(asked, ['a'])
})
