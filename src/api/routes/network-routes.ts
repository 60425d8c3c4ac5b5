/** Answers the endpoints of the networks. */
import { getPrefix } from '../../base/index.ts'
import type { NetworksApi } from '../../defense/index.ts'
import { TIME_MS_MAX } from '../../wire/index.ts'
import { INVITATION_TTL_S_DEFAULT } from '../contract/network.ts'
import { apiError } from '../errors.ts'
import {
  SEVERITIES,
  wireAlert,
  wireAuthor,
  wireInvitation,
  wireJoined,
  wireListed,
  wireNetwork,
  wireNetworkStatus,
  wirePeer,
  wireThreat
} from '../network-projection.ts'
import { wireTime } from '../projection.ts'
import type { Handlers } from './answer.ts'
import { refusalsOf } from './refusals.ts'

type NetworkHandlers = Pick<
  Handlers,
  keyof typeof import('../contract/network.ts').NETWORK_ENDPOINTS
>

/** `networks` is undefined where they are turned off. */
export function networkHandlers(networks: NetworksApi | undefined): NetworkHandlers {
  const get = () => {
    if (networks !== undefined) return networks
    throw apiError('NETWORK_OFF', 'networks are turned off (network.isEnabled)')
  }
  return {
    ...{ ...membershipHandlers(get), ...peopleHandlers(get) },
    ...{ ...hearingHandlers(get), ...speakingHandlers(get) }
  }
}

/** @throws {END_IN_PAST | SPAN_INVALID} */
function endOf(until: string | undefined, nowMs: number): number {
  if (until === undefined) return nowMs + INVITATION_TTL_S_DEFAULT * 1_000
  const endMs = Date.parse(until)
  if (endMs > TIME_MS_MAX) {
    const latest = wireTime(TIME_MS_MAX)
    throw apiError('SPAN_INVALID', `expected an end until ${latest}, got ${wireTime(endMs)}`)
  }
  if (endMs > nowMs) return endMs
  throw apiError('END_IN_PAST', `expected an end after ${wireTime(nowMs)}, got ${wireTime(endMs)}`)
}

function membershipHandlers(
  get: () => NetworksApi
): Pick<
  Handlers,
  'listNetworks' | 'createNetwork' | 'inviteToNetwork' | 'joinNetwork' | 'leaveNetwork'
> {
  return {
    listNetworks: () => ({ items: get().list().map(wireNetwork) }),
    async createNetwork({ body }, { actor, nowMs }) {
      const { name, policy, addresses } = body
      const notAfterMs = endOf(body.until, nowMs)
      const fields = { name, policy, notAfterMs, ...(addresses && { addresses }) }
      const { network, invitation } = await get().create(fields, actor)
      const facts = invitation === '' ? undefined : get().readInvitation(invitation)
      return { network: wireNetwork(network), ...wireInvitation(invitation, facts) }
    },
    async inviteToNetwork({ params, body }, { actor, nowMs }) {
      const { addresses } = body
      const notAfterMs = endOf(body.until, nowMs)
      const fields = { notAfterMs, ...(addresses && { addresses }) }
      const invitation = await get().invite(params.id, fields, actor)
      const facts = get().readInvitation(invitation)
      return { ...wireInvitation(invitation, facts), until: wireTime(notAfterMs) }
    },
    async joinNetwork({ body }, { actor }) {
      return wireJoined(await get().join(body.invitation.trim(), actor))
    },
    async leaveNetwork({ body }, { actor }) {
      await get().leave(body.network, actor)
      return undefined
    }
  }
}

function peopleHandlers(
  get: () => NetworksApi
): Pick<Handlers, 'makeNodeKey' | 'admitToNetwork' | 'revokeInNetwork' | 'listAuthors'> {
  return {
    async makeNodeKey(_input, { actor }) {
      return { author: await get().key(actor) }
    },
    async admitToNetwork({ params, body }, { actor }) {
      const { author, note, addresses } = body
      const fields = { author, note, ...(addresses && { addresses }) }
      return { letter: await get().admit(params.id, fields, actor) }
    },
    async revokeInNetwork({ params, body }, { actor }) {
      const { key, subject, reason } = body
      const fields = { key: key.trim(), reason, ...(subject && { subject }) }
      const revoked = await get().revoke(params.id, fields, actor)
      return { ...revoked, authors: [...revoked.authors] }
    },
    listAuthors: ({ params }) => ({ items: get().authors(params.id).map(wireAuthor) })
  }
}

function hearingHandlers(
  get: () => NetworksApi
): Pick<
  Handlers,
  'showNetworkStatus' | 'listPeers' | 'listAlerts' | 'listThreats' | 'listPublishedLists'
> {
  return {
    showNetworkStatus: () => wireNetworkStatus(get().status(), get().sharing()),
    listPeers: ({ query }) => ({ items: get().peers(query.network).map(wirePeer) }),
    listAlerts({ query }) {
      const { network, prefix, since, severity, cursor, limit } = query
      const page = get().alerts({
        limit,
        ...(network !== undefined && { network }),
        ...(prefix !== undefined && { prefix: getPrefix(prefix) }),
        ...(since !== undefined && { sinceMs: Date.parse(since) }),
        ...(severity !== undefined && { severityMin: SEVERITIES.indexOf(severity) }),
        ...(cursor !== undefined && { cursor })
      })
      return { items: page.items.map(wireAlert), next_cursor: page.nextCursor ?? null }
    },
    listPublishedLists({ query }) {
      const { network, prefix, cursor, limit } = query
      const page = get().lists({
        limit,
        ...(network !== undefined && { network }),
        ...(prefix !== undefined && { prefix: getPrefix(prefix) }),
        ...(cursor !== undefined && { cursor })
      })
      return { items: page.items.map(wireListed), next_cursor: page.nextCursor ?? null }
    },
    listThreats({ query }) {
      const { network, prefix, cursor, limit } = query
      const page = get().threats({
        limit,
        accusersMin: query.accusers_min,
        ...(network !== undefined && { network }),
        ...(prefix !== undefined && { prefix: getPrefix(prefix) }),
        ...(cursor !== undefined && { cursor })
      })
      return { items: page.items.map(wireThreat), next_cursor: page.nextCursor ?? null }
    }
  }
}

function speakingHandlers(
  get: () => NetworksApi
): Pick<Handlers, 'sendAlert' | 'retractAlert' | 'publishBlocklist'> {
  return {
    async sendAlert({ body }, { actor }) {
      const { network, prefixes, category, confidence, reason } = body
      const sent = await get().sendAlert(
        {
          network,
          prefixes,
          category,
          severity: SEVERITIES.indexOf(body.severity),
          confidence,
          ttlMs: body.ttl_s * 1_000,
          reason
        },
        actor
      )
      const refused = refusalsOf(network, sent)
      return {
        items: sent.told.map(({ network: id, id: event }) => ({ network: id, id: event })),
        refused
      }
    },
    async retractAlert({ params, body }, { actor }) {
      const { network, reason } = body
      return wireAlert(await get().retractAlert({ idStart: params.id, network, reason }, actor))
    },
    async publishBlocklist({ body }, { actor }) {
      const published = await get().publishBlocklist(body.network, actor)
      const refused = refusalsOf(body.network, published)
      return { items: published.told.map((list) => ({ ...list })), refused }
    }
  }
}
