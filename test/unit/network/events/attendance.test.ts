/** Who was there when an invitation ended, and who has to believe others. */
import { is } from 'uvu/assert'
import {
  Attendance,
  BELIEF_MS,
  INVITATION_GRACE_MS
} from '../../../../src/network/events/attendance.ts'
import {
  Author,
  admitByInvitation,
  announceOf,
  bytesOf,
  FOUNDER,
  makeInvitation,
  makeNode,
  NETWORK,
  reasonOf
} from '../../../support/network.ts'
import { removeStore, START_MS } from '../../../support/store.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('attendance')
const NOTHING_KEPT = {
  events: { lastHeardMs: () => undefined },
  authors: { firstHeardMs: () => undefined }
}

test('a node that joined later believes for an hour after it heard others', () => {
  const attendance = new Attendance({}, NOTHING_KEPT)
  const endedMs = START_MS - 300 * INVITATION_GRACE_MS
  is(attendance.wasAbsent(NETWORK.id, endedMs, START_MS), true)
  attendance.note(NETWORK.id, START_MS)
  is(attendance.wasAbsent(NETWORK.id, endedMs, START_MS + BELIEF_MS - 1), true)
  is(attendance.wasAbsent(NETWORK.id, endedMs, START_MS + BELIEF_MS), false)
})

test('a node that was away believes of that time only', () => {
  const leftMs = START_MS - 3 * INVITATION_GRACE_MS
  const attendance = new Attendance(
    {},
    { events: { lastHeardMs: () => leftMs }, authors: { firstHeardMs: () => 1 } }
  )
  attendance.note(NETWORK.id, START_MS)
  is(attendance.wasAbsent(NETWORK.id, leftMs, START_MS), true)
  is(attendance.wasAbsent(NETWORK.id, leftMs - INVITATION_GRACE_MS, START_MS), false)
  is(attendance.wasAbsent(NETWORK.id, leftMs, START_MS + BELIEF_MS), false)
})

function joining(name: string, notAfterMs: number) {
  const fields = { network: NETWORK, addresses: [], seed: bytesOf('invitation'), notAfterMs }
  const invitation = makeInvitation(fields, FOUNDER)
  const author = new Author(name)
  const subject = { network: NETWORK.id, author: author.key, nowMs: notAfterMs }
  return author.say(announceOf(admitByInvitation(subject, invitation)), {
    tsMs: START_MS,
    expMs: START_MS + 2 * BELIEF_MS
  })
}

test('nobody who was there takes a newcomer by an invitation that ended more than a day ago', async () => {
  const node = makeNode()
  try {
    const endedMs = START_MS - INVITATION_GRACE_MS
    is(reasonOf(await node.gossip(joining('late', endedMs - 1))), 'ignore INVITATION_ENDED')
    is(reasonOf(await node.gossip(joining('in time', endedMs))), 'accept')
    is(reasonOf(await node.fetch(joining('told by others', endedMs - 1))), 'accept')
    node.clock.jumpTo(START_MS + BELIEF_MS)
    is(reasonOf(await node.fetch(joining('late', endedMs - 1))), 'ignore INVITATION_ENDED')
  } finally {
    removeStore(node.store)
  }
})
