// Generated from protocols/sync/sync.proto by "npm run generate". Not to be edited.
// @ts-nocheck: protons writes for looser settings than ours.
import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface SyncFrame {
  kind: number
  round: number
  refusal: number
  ranges: SyncRange[]
  sentAtMs: bigint
}

let codecOfSyncFrame: Codec<SyncFrame> | undefined

export const SyncFrame = {
  codec: (): Codec<SyncFrame> => {
    if (codecOfSyncFrame == null) {
      codecOfSyncFrame = message<SyncFrame>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.kind != null && obj.kind !== 0)) {
          w.uint32(8)
          w.uint32(obj.kind)
        }

        if ((obj.round != null && obj.round !== 0)) {
          w.uint32(16)
          w.uint32(obj.round)
        }

        if ((obj.refusal != null && obj.refusal !== 0)) {
          w.uint32(24)
          w.uint32(obj.refusal)
        }

        if (obj.ranges != null && obj.ranges.length > 0) {
          for (const value of obj.ranges) {
            w.uint32(34)
            SyncRange.codec().encode(value, w)
          }
        }

        if ((obj.sentAtMs != null && obj.sentAtMs !== 0n)) {
          w.uint32(40)
          w.uint64(obj.sentAtMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          kind: 0,
          round: 0,
          refusal: 0,
          ranges: [],
          sentAtMs: 0n
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              obj.kind = reader.uint32()
              break
            }
            case 16: {
              obj.round = reader.uint32()
              break
            }
            case 24: {
              obj.refusal = reader.uint32()
              break
            }
            case 34: {
              if (opts.limits?.ranges != null && obj.ranges.length === opts.limits.ranges) {
                throw new MaxLengthError('Decode error - repeated field "ranges" had too many elements')
              }

              obj.ranges.push(SyncRange.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ranges$
              }))
              break
            }
            case 40: {
              obj.sentAtMs = reader.uint64()
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
          ranges: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              yield {
                field: `${prefix}.kind`,
                value: reader.uint32()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.round`,
                value: reader.uint32()
              }
              break
            }
            case 24: {
              yield {
                field: `${prefix}.refusal`,
                value: reader.uint32()
              }
              break
            }
            case 34: {
              if (opts.limits?.ranges != null && obj.ranges === opts.limits.ranges) {
                throw new MaxLengthError('Streaming decode error - repeated field "ranges" had too many elements')
              }

              for (const evt of SyncRange.codec().stream(reader, reader.uint32(), `${prefix}.ranges[]`, {
                limits: opts.limits?.ranges$
              })) {
                yield {
                  ...evt,
                  index: obj.ranges
                }
              }

              obj.ranges++

              break
            }
            case 40: {
              yield {
                field: `${prefix}.sentAtMs`,
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

    return codecOfSyncFrame
  },

  encode(obj: Partial<SyncFrame>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SyncFrame.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SyncFrame>): SyncFrame {
    return decodeMessage(buf, SyncFrame.codec(), opts)
  }
}

export interface SyncRange {
  endless: boolean
  untilMs: bigint
  untilId: Uint8Array<ArrayBuffer>
  mode: number
  fingerprint: Uint8Array<ArrayBuffer>
  ids: Uint8Array<ArrayBuffer>
}

let codecOfSyncRange: Codec<SyncRange> | undefined

export const SyncRange = {
  codec: (): Codec<SyncRange> => {
    if (codecOfSyncRange == null) {
      codecOfSyncRange = message<SyncRange>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.endless != null && obj.endless !== false)) {
          w.uint32(8)
          w.bool(obj.endless)
        }

        if ((obj.untilMs != null && obj.untilMs !== 0n)) {
          w.uint32(16)
          w.uint64(obj.untilMs)
        }

        if ((obj.untilId != null && obj.untilId.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.untilId)
        }

        if ((obj.mode != null && obj.mode !== 0)) {
          w.uint32(32)
          w.uint32(obj.mode)
        }

        if ((obj.fingerprint != null && obj.fingerprint.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.fingerprint)
        }

        if ((obj.ids != null && obj.ids.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.ids)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          endless: false,
          untilMs: 0n,
          untilId: new Uint8Array(0),
          mode: 0,
          fingerprint: new Uint8Array(0),
          ids: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 8: {
              obj.endless = reader.bool()
              break
            }
            case 16: {
              obj.untilMs = reader.uint64()
              break
            }
            case 26: {
              obj.untilId = reader.bytes()
              break
            }
            case 32: {
              obj.mode = reader.uint32()
              break
            }
            case 42: {
              obj.fingerprint = reader.bytes()
              break
            }
            case 50: {
              obj.ids = reader.bytes()
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
                field: `${prefix}.endless`,
                value: reader.bool()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.untilMs`,
                value: reader.uint64()
              }
              break
            }
            case 26: {
              yield {
                field: `${prefix}.untilId`,
                value: reader.bytes()
              }
              break
            }
            case 32: {
              yield {
                field: `${prefix}.mode`,
                value: reader.uint32()
              }
              break
            }
            case 42: {
              yield {
                field: `${prefix}.fingerprint`,
                value: reader.bytes()
              }
              break
            }
            case 50: {
              yield {
                field: `${prefix}.ids`,
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

    return codecOfSyncRange
  },

  encode(obj: Partial<SyncRange>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SyncRange.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SyncRange>): SyncRange {
    return decodeMessage(buf, SyncRange.codec(), opts)
  }
}
