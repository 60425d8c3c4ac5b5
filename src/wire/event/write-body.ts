/** Bodies of events: from plain data to protobuf. Checks nothing: what is sealed is read back. */
import { own, textBytes } from '../fields.ts'
import * as wire from '../generated/event.ts'
import { writeAdmission } from '../network/admission.ts'
import { type AlertBody, type EventBody, STANCES, type Vote } from './bodies.ts'
import { writeIndicator } from './indicator.ts'

/** @throws {ADDRESS_INVALID} */
export function writeBody(body: EventBody): Uint8Array {
  switch (body.kind) {
    case 'alert':
      return writeAlert(body)
    case 'vote':
      return wire.VoteBody.encode({ votes: body.votes.map(writeVote) })
    case 'list-delta':
      return wire.ListDeltaBody.encode({
        list: textBytes(body.list),
        version: body.version,
        previousDigest: own(body.previousDigest),
        digest: own(body.digest),
        count: body.count,
        adds: body.adds.map(writeIndicator),
        removes: body.removes.map(writeIndicator)
      })
    case 'retract':
      return wire.RetractBody.encode({ eventId: own(body.eventId) })
    case 'node-announce':
      return wire.NodeAnnounceBody.encode({
        name: textBytes(body.name),
        agent: textBytes(body.agent),
        addresses: body.addresses.map(own),
        ...(body.admission === undefined ? {} : { admission: writeAdmission(body.admission) }),
        leaving: body.isLeaving
      })
    case 'revoke':
      return wire.RevokeBody.encode({
        subject: body.subject === 'author' ? 1 : 2,
        key: own(body.key),
        reason: textBytes(body.reason)
      })
    case 'equivocation-proof':
      return wire.EquivocationProofBody.encode({
        first: own(body.first.bytes),
        second: own(body.second.bytes)
      })
  }
}

function writeAlert(body: AlertBody): Uint8Array {
  return wire.AlertBody.encode({
    incident: own(body.incident),
    category: body.category,
    severity: body.severity,
    confidence: body.confidence,
    windowStartMs: BigInt(body.windowStartMs),
    windowEndMs: BigInt(body.windowEndMs),
    pathClass: body.pathClass,
    portClass: body.portClass,
    indicators: body.indicators.map(({ prefix, count, firstMs, lastMs }) => ({
      indicator: writeIndicator(prefix),
      count,
      firstMs: BigInt(firstMs),
      lastMs: BigInt(lastMs)
    })),
    asn: body.asn ?? 0,
    evidence: { ...body.evidence },
    tlp: body.tlp
  })
}

function writeVote(vote: Vote): wire.Vote {
  return {
    indicator: writeIndicator(vote.prefix),
    stance: STANCES.indexOf(vote.stance) + 1,
    confidence: vote.confidence,
    category: vote.category,
    firstHand: vote.isFirstHand,
    firstMs: BigInt(vote.firstMs),
    lastMs: BigInt(vote.lastMs),
    count: vote.count,
    ttlS: vote.ttlS
  }
}
