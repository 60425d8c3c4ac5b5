// Generated from protocols/event/event.proto by "npm run generate". Not to be edited.
// @ts-nocheck: protons writes for looser settings than ours.
import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface SignedEvent {
  payload: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

let codecOfSignedEvent: Codec<SignedEvent> | undefined

export const SignedEvent = {
  codec: (): Codec<SignedEvent> => {
    if (codecOfSignedEvent == null) {
      codecOfSignedEvent = message<SignedEvent>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.payload != null && obj.payload.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.payload)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.signature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          payload: new Uint8Array(0),
          signature: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.payload = reader.bytes()
              break
            }
            case 18: {
              obj.signature = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.payload`,
                value: reader.bytes()
              }
              break
            }
            case 18: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfSignedEvent
  },

  encode(obj: Partial<SignedEvent>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SignedEvent.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedEvent>): SignedEvent {
    return decodeMessage(buf, SignedEvent.codec(), opts)
  }
}

export interface Event {
  version: number
  network: Uint8Array<ArrayBuffer>
  kind: number
  author: Uint8Array<ArrayBuffer>
  seq: bigint
  tsMs: bigint
  expMs: bigint
  body: Uint8Array<ArrayBuffer>
}

let codecOfEvent: Codec<Event> | undefined

export const Event = {
  codec: (): Codec<Event> => {
    if (codecOfEvent == null) {
      codecOfEvent = message<Event>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.network != null && obj.network.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.network)
        }

        if ((obj.kind != null && obj.kind !== 0)) {
          w.uint32(24)
          w.uint32(obj.kind)
        }

        if ((obj.author != null && obj.author.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.author)
        }

        if ((obj.seq != null && obj.seq !== 0n)) {
          w.uint32(40)
          w.uint64(obj.seq)
        }

        if ((obj.tsMs != null && obj.tsMs !== 0n)) {
          w.uint32(48)
          w.uint64(obj.tsMs)
        }

        if ((obj.expMs != null && obj.expMs !== 0n)) {
          w.uint32(56)
          w.uint64(obj.expMs)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(66)
          w.bytes(obj.body)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          network: new Uint8Array(0),
          kind: 0,
          author: new Uint8Array(0),
          seq: 0n,
          tsMs: 0n,
          expMs: 0n,
          body: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              obj.version = reader.uint32()
              break
            }
            case 18: {
              obj.network = reader.bytes()
              break
            }
            case 24: {
              obj.kind = reader.uint32()
              break
            }
            case 34: {
              obj.author = reader.bytes()
              break
            }
            case 40: {
              obj.seq = reader.uint64()
              break
            }
            case 48: {
              obj.tsMs = reader.uint64()
              break
            }
            case 56: {
              obj.expMs = reader.uint64()
              break
            }
            case 66: {
              obj.body = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 18: {
              yield {
                field: `${prefix}.network`,
                value: reader.bytes()
              }
              break
            }
            case 24: {
              yield {
                field: `${prefix}.kind`,
                value: reader.uint32()
              }
              break
            }
            case 34: {
              yield {
                field: `${prefix}.author`,
                value: reader.bytes()
              }
              break
            }
            case 40: {
              yield {
                field: `${prefix}.seq`,
                value: reader.uint64()
              }
              break
            }
            case 48: {
              yield {
                field: `${prefix}.tsMs`,
                value: reader.uint64()
              }
              break
            }
            case 56: {
              yield {
                field: `${prefix}.expMs`,
                value: reader.uint64()
              }
              break
            }
            case 66: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfEvent
  },

  encode(obj: Partial<Event>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Event.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Event>): Event {
    return decodeMessage(buf, Event.codec(), opts)
  }
}

export interface Indicator {
  address: Uint8Array<ArrayBuffer>
  length: number
}

let codecOfIndicator: Codec<Indicator> | undefined

export const Indicator = {
  codec: (): Codec<Indicator> => {
    if (codecOfIndicator == null) {
      codecOfIndicator = message<Indicator>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.address != null && obj.address.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.address)
        }

        if ((obj.length != null && obj.length !== 0)) {
          w.uint32(16)
          w.uint32(obj.length)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          address: new Uint8Array(0),
          length: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.address = reader.bytes()
              break
            }
            case 16: {
              obj.length = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.address`,
                value: reader.bytes()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.length`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfIndicator
  },

  encode(obj: Partial<Indicator>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Indicator.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Indicator>): Indicator {
    return decodeMessage(buf, Indicator.codec(), opts)
  }
}

export interface AlertBody {
  incident: Uint8Array<ArrayBuffer>
  category: number
  severity: number
  confidence: number
  windowStartMs: bigint
  windowEndMs: bigint
  pathClass: number
  portClass: number
  indicators: AlertIndicator[]
  asn: number
  evidence?: AlertEvidence
  tlp: number
}

let codecOfAlertBody: Codec<AlertBody> | undefined

export const AlertBody = {
  codec: (): Codec<AlertBody> => {
    if (codecOfAlertBody == null) {
      codecOfAlertBody = message<AlertBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.incident != null && obj.incident.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.incident)
        }

        if ((obj.category != null && obj.category !== 0)) {
          w.uint32(16)
          w.uint32(obj.category)
        }

        if ((obj.severity != null && obj.severity !== 0)) {
          w.uint32(24)
          w.uint32(obj.severity)
        }

        if ((obj.confidence != null && obj.confidence !== 0)) {
          w.uint32(32)
          w.uint32(obj.confidence)
        }

        if ((obj.windowStartMs != null && obj.windowStartMs !== 0n)) {
          w.uint32(40)
          w.uint64(obj.windowStartMs)
        }

        if ((obj.windowEndMs != null && obj.windowEndMs !== 0n)) {
          w.uint32(48)
          w.uint64(obj.windowEndMs)
        }

        if ((obj.pathClass != null && obj.pathClass !== 0)) {
          w.uint32(56)
          w.uint32(obj.pathClass)
        }

        if ((obj.portClass != null && obj.portClass !== 0)) {
          w.uint32(64)
          w.uint32(obj.portClass)
        }

        if (obj.indicators != null && obj.indicators.length > 0) {
          for (const value of obj.indicators) {
            w.uint32(74)
            AlertIndicator.codec().encode(value, w)
          }
        }

        if ((obj.asn != null && obj.asn !== 0)) {
          w.uint32(80)
          w.uint32(obj.asn)
        }

        if (obj.evidence != null) {
          w.uint32(90)
          AlertEvidence.codec().encode(obj.evidence, w)
        }

        if ((obj.tlp != null && obj.tlp !== 0)) {
          w.uint32(96)
          w.uint32(obj.tlp)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          incident: new Uint8Array(0),
          category: 0,
          severity: 0,
          confidence: 0,
          windowStartMs: 0n,
          windowEndMs: 0n,
          pathClass: 0,
          portClass: 0,
          indicators: [],
          asn: 0,
          tlp: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.incident = reader.bytes()
              break
            }
            case 16: {
              obj.category = reader.uint32()
              break
            }
            case 24: {
              obj.severity = reader.uint32()
              break
            }
            case 32: {
              obj.confidence = reader.uint32()
              break
            }
            case 40: {
              obj.windowStartMs = reader.uint64()
              break
            }
            case 48: {
              obj.windowEndMs = reader.uint64()
              break
            }
            case 56: {
              obj.pathClass = reader.uint32()
              break
            }
            case 64: {
              obj.portClass = reader.uint32()
              break
            }
            case 74: {
              if (opts.limits?.indicators != null && obj.indicators.length === opts.limits.indicators) {
                throw new MaxLengthError('Decode error - repeated field "indicators" had too many elements')
              }

              obj.indicators.push(AlertIndicator.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.indicators$
              }))
              break
            }
            case 80: {
              obj.asn = reader.uint32()
              break
            }
            case 90: {
              obj.evidence = AlertEvidence.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.evidence
              })
              break
            }
            case 96: {
              obj.tlp = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          indicators: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.incident`,
                value: reader.bytes()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.category`,
                value: reader.uint32()
              }
              break
            }
            case 24: {
              yield {
                field: `${prefix}.severity`,
                value: reader.uint32()
              }
              break
            }
            case 32: {
              yield {
                field: `${prefix}.confidence`,
                value: reader.uint32()
              }
              break
            }
            case 40: {
              yield {
                field: `${prefix}.windowStartMs`,
                value: reader.uint64()
              }
              break
            }
            case 48: {
              yield {
                field: `${prefix}.windowEndMs`,
                value: reader.uint64()
              }
              break
            }
            case 56: {
              yield {
                field: `${prefix}.pathClass`,
                value: reader.uint32()
              }
              break
            }
            case 64: {
              yield {
                field: `${prefix}.portClass`,
                value: reader.uint32()
              }
              break
            }
            case 74: {
              if (opts.limits?.indicators != null && obj.indicators === opts.limits.indicators) {
                throw new MaxLengthError('Streaming decode error - repeated field "indicators" had too many elements')
              }

              for (const evt of AlertIndicator.codec().stream(reader, reader.uint32(), `${prefix}.indicators[]`, {
                limits: opts.limits?.indicators$
              })) {
                yield {
                  ...evt,
                  index: obj.indicators
                }
              }

              obj.indicators++

              break
            }
            case 80: {
              yield {
                field: `${prefix}.asn`,
                value: reader.uint32()
              }
              break
            }
            case 90: {
              yield * AlertEvidence.codec().stream(reader, reader.uint32(), `${prefix}.evidence`, {
                limits: opts.limits?.evidence
              })

              break
            }
            case 96: {
              yield {
                field: `${prefix}.tlp`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfAlertBody
  },

  encode(obj: Partial<AlertBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AlertBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AlertBody>): AlertBody {
    return decodeMessage(buf, AlertBody.codec(), opts)
  }
}

export interface AlertIndicator {
  indicator?: Indicator
  count: number
  firstMs: bigint
  lastMs: bigint
}

let codecOfAlertIndicator: Codec<AlertIndicator> | undefined

export const AlertIndicator = {
  codec: (): Codec<AlertIndicator> => {
    if (codecOfAlertIndicator == null) {
      codecOfAlertIndicator = message<AlertIndicator>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.indicator != null) {
          w.uint32(10)
          Indicator.codec().encode(obj.indicator, w)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(16)
          w.uint32(obj.count)
        }

        if ((obj.firstMs != null && obj.firstMs !== 0n)) {
          w.uint32(24)
          w.uint64(obj.firstMs)
        }

        if ((obj.lastMs != null && obj.lastMs !== 0n)) {
          w.uint32(32)
          w.uint64(obj.lastMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          count: 0,
          firstMs: 0n,
          lastMs: 0n
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.indicator = Indicator.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.indicator
              })
              break
            }
            case 16: {
              obj.count = reader.uint32()
              break
            }
            case 24: {
              obj.firstMs = reader.uint64()
              break
            }
            case 32: {
              obj.lastMs = reader.uint64()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield * Indicator.codec().stream(reader, reader.uint32(), `${prefix}.indicator`, {
                limits: opts.limits?.indicator
              })

              break
            }
            case 16: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
              }
              break
            }
            case 24: {
              yield {
                field: `${prefix}.firstMs`,
                value: reader.uint64()
              }
              break
            }
            case 32: {
              yield {
                field: `${prefix}.lastMs`,
                value: reader.uint64()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfAlertIndicator
  },

  encode(obj: Partial<AlertIndicator>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AlertIndicator.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AlertIndicator>): AlertIndicator {
    return decodeMessage(buf, AlertIndicator.codec(), opts)
  }
}

export interface AlertEvidence {
  requests: number
  errors: number
  bytes: number
  distinctPaths: number
}

let codecOfAlertEvidence: Codec<AlertEvidence> | undefined

export const AlertEvidence = {
  codec: (): Codec<AlertEvidence> => {
    if (codecOfAlertEvidence == null) {
      codecOfAlertEvidence = message<AlertEvidence>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.requests != null && obj.requests !== 0)) {
          w.uint32(8)
          w.uint32(obj.requests)
        }

        if ((obj.errors != null && obj.errors !== 0)) {
          w.uint32(16)
          w.uint32(obj.errors)
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(24)
          w.uint32(obj.bytes)
        }

        if ((obj.distinctPaths != null && obj.distinctPaths !== 0)) {
          w.uint32(32)
          w.uint32(obj.distinctPaths)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          requests: 0,
          errors: 0,
          bytes: 0,
          distinctPaths: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              obj.requests = reader.uint32()
              break
            }
            case 16: {
              obj.errors = reader.uint32()
              break
            }
            case 24: {
              obj.bytes = reader.uint32()
              break
            }
            case 32: {
              obj.distinctPaths = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              yield {
                field: `${prefix}.requests`,
                value: reader.uint32()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.errors`,
                value: reader.uint32()
              }
              break
            }
            case 24: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint32()
              }
              break
            }
            case 32: {
              yield {
                field: `${prefix}.distinctPaths`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfAlertEvidence
  },

  encode(obj: Partial<AlertEvidence>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AlertEvidence.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AlertEvidence>): AlertEvidence {
    return decodeMessage(buf, AlertEvidence.codec(), opts)
  }
}

export interface VoteBody {
  votes: Vote[]
}

let codecOfVoteBody: Codec<VoteBody> | undefined

export const VoteBody = {
  codec: (): Codec<VoteBody> => {
    if (codecOfVoteBody == null) {
      codecOfVoteBody = message<VoteBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.votes != null && obj.votes.length > 0) {
          for (const value of obj.votes) {
            w.uint32(10)
            Vote.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          votes: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              if (opts.limits?.votes != null && obj.votes.length === opts.limits.votes) {
                throw new MaxLengthError('Decode error - repeated field "votes" had too many elements')
              }

              obj.votes.push(Vote.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.votes$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          votes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              if (opts.limits?.votes != null && obj.votes === opts.limits.votes) {
                throw new MaxLengthError('Streaming decode error - repeated field "votes" had too many elements')
              }

              for (const evt of Vote.codec().stream(reader, reader.uint32(), `${prefix}.votes[]`, {
                limits: opts.limits?.votes$
              })) {
                yield {
                  ...evt,
                  index: obj.votes
                }
              }

              obj.votes++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfVoteBody
  },

  encode(obj: Partial<VoteBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, VoteBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<VoteBody>): VoteBody {
    return decodeMessage(buf, VoteBody.codec(), opts)
  }
}

export interface Vote {
  indicator?: Indicator
  stance: number
  confidence: number
  category: number
  firstHand: boolean
  firstMs: bigint
  lastMs: bigint
  count: number
  ttlS: number
}

let codecOfVote: Codec<Vote> | undefined

export const Vote = {
  codec: (): Codec<Vote> => {
    if (codecOfVote == null) {
      codecOfVote = message<Vote>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.indicator != null) {
          w.uint32(10)
          Indicator.codec().encode(obj.indicator, w)
        }

        if ((obj.stance != null && obj.stance !== 0)) {
          w.uint32(16)
          w.uint32(obj.stance)
        }

        if ((obj.confidence != null && obj.confidence !== 0)) {
          w.uint32(24)
          w.uint32(obj.confidence)
        }

        if ((obj.category != null && obj.category !== 0)) {
          w.uint32(32)
          w.uint32(obj.category)
        }

        if ((obj.firstHand != null && obj.firstHand !== false)) {
          w.uint32(40)
          w.bool(obj.firstHand)
        }

        if ((obj.firstMs != null && obj.firstMs !== 0n)) {
          w.uint32(48)
          w.uint64(obj.firstMs)
        }

        if ((obj.lastMs != null && obj.lastMs !== 0n)) {
          w.uint32(56)
          w.uint64(obj.lastMs)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(64)
          w.uint32(obj.count)
        }

        if ((obj.ttlS != null && obj.ttlS !== 0)) {
          w.uint32(72)
          w.uint32(obj.ttlS)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          stance: 0,
          confidence: 0,
          category: 0,
          firstHand: false,
          firstMs: 0n,
          lastMs: 0n,
          count: 0,
          ttlS: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.indicator = Indicator.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.indicator
              })
              break
            }
            case 16: {
              obj.stance = reader.uint32()
              break
            }
            case 24: {
              obj.confidence = reader.uint32()
              break
            }
            case 32: {
              obj.category = reader.uint32()
              break
            }
            case 40: {
              obj.firstHand = reader.bool()
              break
            }
            case 48: {
              obj.firstMs = reader.uint64()
              break
            }
            case 56: {
              obj.lastMs = reader.uint64()
              break
            }
            case 64: {
              obj.count = reader.uint32()
              break
            }
            case 72: {
              obj.ttlS = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield * Indicator.codec().stream(reader, reader.uint32(), `${prefix}.indicator`, {
                limits: opts.limits?.indicator
              })

              break
            }
            case 16: {
              yield {
                field: `${prefix}.stance`,
                value: reader.uint32()
              }
              break
            }
            case 24: {
              yield {
                field: `${prefix}.confidence`,
                value: reader.uint32()
              }
              break
            }
            case 32: {
              yield {
                field: `${prefix}.category`,
                value: reader.uint32()
              }
              break
            }
            case 40: {
              yield {
                field: `${prefix}.firstHand`,
                value: reader.bool()
              }
              break
            }
            case 48: {
              yield {
                field: `${prefix}.firstMs`,
                value: reader.uint64()
              }
              break
            }
            case 56: {
              yield {
                field: `${prefix}.lastMs`,
                value: reader.uint64()
              }
              break
            }
            case 64: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
              }
              break
            }
            case 72: {
              yield {
                field: `${prefix}.ttlS`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfVote
  },

  encode(obj: Partial<Vote>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Vote.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Vote>): Vote {
    return decodeMessage(buf, Vote.codec(), opts)
  }
}

export interface ListDeltaBody {
  list: Uint8Array<ArrayBuffer>
  version: number
  previousDigest: Uint8Array<ArrayBuffer>
  digest: Uint8Array<ArrayBuffer>
  count: number
  adds: Indicator[]
  removes: Indicator[]
}

let codecOfListDeltaBody: Codec<ListDeltaBody> | undefined

export const ListDeltaBody = {
  codec: (): Codec<ListDeltaBody> => {
    if (codecOfListDeltaBody == null) {
      codecOfListDeltaBody = message<ListDeltaBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.list != null && obj.list.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.list)
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(16)
          w.uint32(obj.version)
        }

        if ((obj.previousDigest != null && obj.previousDigest.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.previousDigest)
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.digest)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(40)
          w.uint32(obj.count)
        }

        if (obj.adds != null && obj.adds.length > 0) {
          for (const value of obj.adds) {
            w.uint32(50)
            Indicator.codec().encode(value, w)
          }
        }

        if (obj.removes != null && obj.removes.length > 0) {
          for (const value of obj.removes) {
            w.uint32(58)
            Indicator.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          list: new Uint8Array(0),
          version: 0,
          previousDigest: new Uint8Array(0),
          digest: new Uint8Array(0),
          count: 0,
          adds: [],
          removes: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.list = reader.bytes()
              break
            }
            case 16: {
              obj.version = reader.uint32()
              break
            }
            case 26: {
              obj.previousDigest = reader.bytes()
              break
            }
            case 34: {
              obj.digest = reader.bytes()
              break
            }
            case 40: {
              obj.count = reader.uint32()
              break
            }
            case 50: {
              if (opts.limits?.adds != null && obj.adds.length === opts.limits.adds) {
                throw new MaxLengthError('Decode error - repeated field "adds" had too many elements')
              }

              obj.adds.push(Indicator.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.adds$
              }))
              break
            }
            case 58: {
              if (opts.limits?.removes != null && obj.removes.length === opts.limits.removes) {
                throw new MaxLengthError('Decode error - repeated field "removes" had too many elements')
              }

              obj.removes.push(Indicator.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.removes$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          adds: 0,
          removes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.list`,
                value: reader.bytes()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 26: {
              yield {
                field: `${prefix}.previousDigest`,
                value: reader.bytes()
              }
              break
            }
            case 34: {
              yield {
                field: `${prefix}.digest`,
                value: reader.bytes()
              }
              break
            }
            case 40: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
              }
              break
            }
            case 50: {
              if (opts.limits?.adds != null && obj.adds === opts.limits.adds) {
                throw new MaxLengthError('Streaming decode error - repeated field "adds" had too many elements')
              }

              for (const evt of Indicator.codec().stream(reader, reader.uint32(), `${prefix}.adds[]`, {
                limits: opts.limits?.adds$
              })) {
                yield {
                  ...evt,
                  index: obj.adds
                }
              }

              obj.adds++

              break
            }
            case 58: {
              if (opts.limits?.removes != null && obj.removes === opts.limits.removes) {
                throw new MaxLengthError('Streaming decode error - repeated field "removes" had too many elements')
              }

              for (const evt of Indicator.codec().stream(reader, reader.uint32(), `${prefix}.removes[]`, {
                limits: opts.limits?.removes$
              })) {
                yield {
                  ...evt,
                  index: obj.removes
                }
              }

              obj.removes++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfListDeltaBody
  },

  encode(obj: Partial<ListDeltaBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ListDeltaBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListDeltaBody>): ListDeltaBody {
    return decodeMessage(buf, ListDeltaBody.codec(), opts)
  }
}

export interface RetractBody {
  eventId: Uint8Array<ArrayBuffer>
}

let codecOfRetractBody: Codec<RetractBody> | undefined

export const RetractBody = {
  codec: (): Codec<RetractBody> => {
    if (codecOfRetractBody == null) {
      codecOfRetractBody = message<RetractBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.eventId != null && obj.eventId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.eventId)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          eventId: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.eventId = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.eventId`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfRetractBody
  },

  encode(obj: Partial<RetractBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RetractBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RetractBody>): RetractBody {
    return decodeMessage(buf, RetractBody.codec(), opts)
  }
}

export interface NodeAnnounceBody {
  name: Uint8Array<ArrayBuffer>
  agent: Uint8Array<ArrayBuffer>
  addresses: Uint8Array<ArrayBuffer>[]
  admission?: Admission
  leaving: boolean
}

let codecOfNodeAnnounceBody: Codec<NodeAnnounceBody> | undefined

export const NodeAnnounceBody = {
  codec: (): Codec<NodeAnnounceBody> => {
    if (codecOfNodeAnnounceBody == null) {
      codecOfNodeAnnounceBody = message<NodeAnnounceBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.name)
        }

        if ((obj.agent != null && obj.agent.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.agent)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if (obj.admission != null) {
          w.uint32(34)
          Admission.codec().encode(obj.admission, w)
        }

        if ((obj.leaving != null && obj.leaving !== false)) {
          w.uint32(40)
          w.bool(obj.leaving)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: new Uint8Array(0),
          agent: new Uint8Array(0),
          addresses: [],
          leaving: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.name = reader.bytes()
              break
            }
            case 18: {
              obj.agent = reader.bytes()
              break
            }
            case 26: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.bytes())
              break
            }
            case 34: {
              obj.admission = Admission.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.admission
              })
              break
            }
            case 40: {
              obj.leaving = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addresses: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.name`,
                value: reader.bytes()
              }
              break
            }
            case 18: {
              yield {
                field: `${prefix}.agent`,
                value: reader.bytes()
              }
              break
            }
            case 26: {
              if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              yield {
                field: `${prefix}.addresses[]`,
                index: obj.addresses,
                value: reader.bytes()
              }

              obj.addresses++

              break
            }
            case 34: {
              yield * Admission.codec().stream(reader, reader.uint32(), `${prefix}.admission`, {
                limits: opts.limits?.admission
              })

              break
            }
            case 40: {
              yield {
                field: `${prefix}.leaving`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfNodeAnnounceBody
  },

  encode(obj: Partial<NodeAnnounceBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, NodeAnnounceBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodeAnnounceBody>): NodeAnnounceBody {
    return decodeMessage(buf, NodeAnnounceBody.codec(), opts)
  }
}

export interface Admission {
  founder: Uint8Array<ArrayBuffer>
  founderSignature: Uint8Array<ArrayBuffer>
  invitationKey: Uint8Array<ArrayBuffer>
  notAfterMs: bigint
  admittedAtMs: bigint
  invitationSignature: Uint8Array<ArrayBuffer>
}

let codecOfAdmission: Codec<Admission> | undefined

export const Admission = {
  codec: (): Codec<Admission> => {
    if (codecOfAdmission == null) {
      codecOfAdmission = message<Admission>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.founder != null && obj.founder.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.founder)
        }

        if ((obj.founderSignature != null && obj.founderSignature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.founderSignature)
        }

        if ((obj.invitationKey != null && obj.invitationKey.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.invitationKey)
        }

        if ((obj.notAfterMs != null && obj.notAfterMs !== 0n)) {
          w.uint32(32)
          w.uint64(obj.notAfterMs)
        }

        if ((obj.admittedAtMs != null && obj.admittedAtMs !== 0n)) {
          w.uint32(40)
          w.uint64(obj.admittedAtMs)
        }

        if ((obj.invitationSignature != null && obj.invitationSignature.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.invitationSignature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          founder: new Uint8Array(0),
          founderSignature: new Uint8Array(0),
          invitationKey: new Uint8Array(0),
          notAfterMs: 0n,
          admittedAtMs: 0n,
          invitationSignature: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.founder = reader.bytes()
              break
            }
            case 18: {
              obj.founderSignature = reader.bytes()
              break
            }
            case 26: {
              obj.invitationKey = reader.bytes()
              break
            }
            case 32: {
              obj.notAfterMs = reader.uint64()
              break
            }
            case 40: {
              obj.admittedAtMs = reader.uint64()
              break
            }
            case 50: {
              obj.invitationSignature = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.founder`,
                value: reader.bytes()
              }
              break
            }
            case 18: {
              yield {
                field: `${prefix}.founderSignature`,
                value: reader.bytes()
              }
              break
            }
            case 26: {
              yield {
                field: `${prefix}.invitationKey`,
                value: reader.bytes()
              }
              break
            }
            case 32: {
              yield {
                field: `${prefix}.notAfterMs`,
                value: reader.uint64()
              }
              break
            }
            case 40: {
              yield {
                field: `${prefix}.admittedAtMs`,
                value: reader.uint64()
              }
              break
            }
            case 50: {
              yield {
                field: `${prefix}.invitationSignature`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfAdmission
  },

  encode(obj: Partial<Admission>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Admission.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Admission>): Admission {
    return decodeMessage(buf, Admission.codec(), opts)
  }
}

export interface RevokeBody {
  subject: number
  key: Uint8Array<ArrayBuffer>
  reason: Uint8Array<ArrayBuffer>
}

let codecOfRevokeBody: Codec<RevokeBody> | undefined

export const RevokeBody = {
  codec: (): Codec<RevokeBody> => {
    if (codecOfRevokeBody == null) {
      codecOfRevokeBody = message<RevokeBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.subject != null && obj.subject !== 0)) {
          w.uint32(8)
          w.uint32(obj.subject)
        }

        if ((obj.key != null && obj.key.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.key)
        }

        if ((obj.reason != null && obj.reason.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.reason)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          subject: 0,
          key: new Uint8Array(0),
          reason: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              obj.subject = reader.uint32()
              break
            }
            case 18: {
              obj.key = reader.bytes()
              break
            }
            case 26: {
              obj.reason = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              yield {
                field: `${prefix}.subject`,
                value: reader.uint32()
              }
              break
            }
            case 18: {
              yield {
                field: `${prefix}.key`,
                value: reader.bytes()
              }
              break
            }
            case 26: {
              yield {
                field: `${prefix}.reason`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfRevokeBody
  },

  encode(obj: Partial<RevokeBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RevokeBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RevokeBody>): RevokeBody {
    return decodeMessage(buf, RevokeBody.codec(), opts)
  }
}

export interface EquivocationProofBody {
  first: Uint8Array<ArrayBuffer>
  second: Uint8Array<ArrayBuffer>
}

let codecOfEquivocationProofBody: Codec<EquivocationProofBody> | undefined

export const EquivocationProofBody = {
  codec: (): Codec<EquivocationProofBody> => {
    if (codecOfEquivocationProofBody == null) {
      codecOfEquivocationProofBody = message<EquivocationProofBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.first != null && obj.first.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.first)
        }

        if ((obj.second != null && obj.second.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.second)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          first: new Uint8Array(0),
          second: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.first = reader.bytes()
              break
            }
            case 18: {
              obj.second = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (reader.pos !== end) {
          throw new Error('Decode error - a field runs past the end of its message')
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              yield {
                field: `${prefix}.first`,
                value: reader.bytes()
              }
              break
            }
            case 18: {
              yield {
                field: `${prefix}.second`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return codecOfEquivocationProofBody
  },

  encode(obj: Partial<EquivocationProofBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, EquivocationProofBody.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<EquivocationProofBody>): EquivocationProofBody {
    return decodeMessage(buf, EquivocationProofBody.codec(), opts)
  }
}
