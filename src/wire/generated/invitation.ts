// Generated from protocols/invitation/invitation.proto by "npm run generate". Not to be edited.
// @ts-nocheck: protons writes for looser settings than ours.
import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface NetworkDocument {
  version: number
  name: Uint8Array<ArrayBuffer>
  founders: Uint8Array<ArrayBuffer>[]
  policy: number
  createdAtMs: bigint
  nonce: Uint8Array<ArrayBuffer>
}

let codecOfNetworkDocument: Codec<NetworkDocument> | undefined

export const NetworkDocument = {
  codec: (): Codec<NetworkDocument> => {
    if (codecOfNetworkDocument == null) {
      codecOfNetworkDocument = message<NetworkDocument>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.name)
        }

        if (obj.founders != null && obj.founders.length > 0) {
          for (const value of obj.founders) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if ((obj.policy != null && obj.policy !== 0)) {
          w.uint32(32)
          w.uint32(obj.policy)
        }

        if ((obj.createdAtMs != null && obj.createdAtMs !== 0n)) {
          w.uint32(40)
          w.uint64(obj.createdAtMs)
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.nonce)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          name: new Uint8Array(0),
          founders: [],
          policy: 0,
          createdAtMs: 0n,
          nonce: new Uint8Array(0)
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
              obj.name = reader.bytes()
              break
            }
            case 26: {
              if (opts.limits?.founders != null && obj.founders.length === opts.limits.founders) {
                throw new MaxLengthError('Decode error - repeated field "founders" had too many elements')
              }

              obj.founders.push(reader.bytes())
              break
            }
            case 32: {
              obj.policy = reader.uint32()
              break
            }
            case 40: {
              obj.createdAtMs = reader.uint64()
              break
            }
            case 50: {
              obj.nonce = reader.bytes()
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
          founders: 0
        }

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
                field: `${prefix}.name`,
                value: reader.bytes()
              }
              break
            }
            case 26: {
              if (opts.limits?.founders != null && obj.founders === opts.limits.founders) {
                throw new MaxLengthError('Streaming decode error - repeated field "founders" had too many elements')
              }

              yield {
                field: `${prefix}.founders[]`,
                index: obj.founders,
                value: reader.bytes()
              }

              obj.founders++

              break
            }
            case 32: {
              yield {
                field: `${prefix}.policy`,
                value: reader.uint32()
              }
              break
            }
            case 40: {
              yield {
                field: `${prefix}.createdAtMs`,
                value: reader.uint64()
              }
              break
            }
            case 50: {
              yield {
                field: `${prefix}.nonce`,
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

    return codecOfNetworkDocument
  },

  encode(obj: Partial<NetworkDocument>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, NetworkDocument.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NetworkDocument>): NetworkDocument {
    return decodeMessage(buf, NetworkDocument.codec(), opts)
  }
}

export interface SignedNetworkDocument {
  document: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

let codecOfSignedNetworkDocument: Codec<SignedNetworkDocument> | undefined

export const SignedNetworkDocument = {
  codec: (): Codec<SignedNetworkDocument> => {
    if (codecOfSignedNetworkDocument == null) {
      codecOfSignedNetworkDocument = message<SignedNetworkDocument>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.document != null && obj.document.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.document)
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
          document: new Uint8Array(0),
          signature: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.document = reader.bytes()
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
                field: `${prefix}.document`,
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

    return codecOfSignedNetworkDocument
  },

  encode(obj: Partial<SignedNetworkDocument>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SignedNetworkDocument.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedNetworkDocument>): SignedNetworkDocument {
    return decodeMessage(buf, SignedNetworkDocument.codec(), opts)
  }
}

export interface Invitation {
  network: Uint8Array<ArrayBuffer>
  addresses: Uint8Array<ArrayBuffer>[]
  seed: Uint8Array<ArrayBuffer>
  notAfterMs: bigint
  founder: Uint8Array<ArrayBuffer>
  founderSignature: Uint8Array<ArrayBuffer>
}

let codecOfInvitation: Codec<Invitation> | undefined

export const Invitation = {
  codec: (): Codec<Invitation> => {
    if (codecOfInvitation == null) {
      codecOfInvitation = message<Invitation>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.network != null && obj.network.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.network)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if ((obj.seed != null && obj.seed.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.seed)
        }

        if ((obj.notAfterMs != null && obj.notAfterMs !== 0n)) {
          w.uint32(32)
          w.uint64(obj.notAfterMs)
        }

        if ((obj.founder != null && obj.founder.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.founder)
        }

        if ((obj.founderSignature != null && obj.founderSignature.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.founderSignature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          network: new Uint8Array(0),
          addresses: [],
          seed: new Uint8Array(0),
          notAfterMs: 0n,
          founder: new Uint8Array(0),
          founderSignature: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.network = reader.bytes()
              break
            }
            case 18: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.bytes())
              break
            }
            case 26: {
              obj.seed = reader.bytes()
              break
            }
            case 32: {
              obj.notAfterMs = reader.uint64()
              break
            }
            case 42: {
              obj.founder = reader.bytes()
              break
            }
            case 50: {
              obj.founderSignature = reader.bytes()
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
                field: `${prefix}.network`,
                value: reader.bytes()
              }
              break
            }
            case 18: {
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
            case 26: {
              yield {
                field: `${prefix}.seed`,
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
            case 42: {
              yield {
                field: `${prefix}.founder`,
                value: reader.bytes()
              }
              break
            }
            case 50: {
              yield {
                field: `${prefix}.founderSignature`,
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

    return codecOfInvitation
  },

  encode(obj: Partial<Invitation>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Invitation.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Invitation>): Invitation {
    return decodeMessage(buf, Invitation.codec(), opts)
  }
}

export interface AdmissionLetter {
  network: Uint8Array<ArrayBuffer>
  addresses: Uint8Array<ArrayBuffer>[]
  author: Uint8Array<ArrayBuffer>
  founder: Uint8Array<ArrayBuffer>
  founderSignature: Uint8Array<ArrayBuffer>
}

let codecOfAdmissionLetter: Codec<AdmissionLetter> | undefined

export const AdmissionLetter = {
  codec: (): Codec<AdmissionLetter> => {
    if (codecOfAdmissionLetter == null) {
      codecOfAdmissionLetter = message<AdmissionLetter>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.network != null && obj.network.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.network)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if ((obj.author != null && obj.author.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.author)
        }

        if ((obj.founder != null && obj.founder.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.founder)
        }

        if ((obj.founderSignature != null && obj.founderSignature.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.founderSignature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          network: new Uint8Array(0),
          addresses: [],
          author: new Uint8Array(0),
          founder: new Uint8Array(0),
          founderSignature: new Uint8Array(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag) {
            case 10: {
              obj.network = reader.bytes()
              break
            }
            case 18: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.bytes())
              break
            }
            case 26: {
              obj.author = reader.bytes()
              break
            }
            case 34: {
              obj.founder = reader.bytes()
              break
            }
            case 42: {
              obj.founderSignature = reader.bytes()
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
                field: `${prefix}.network`,
                value: reader.bytes()
              }
              break
            }
            case 18: {
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
            case 26: {
              yield {
                field: `${prefix}.author`,
                value: reader.bytes()
              }
              break
            }
            case 34: {
              yield {
                field: `${prefix}.founder`,
                value: reader.bytes()
              }
              break
            }
            case 42: {
              yield {
                field: `${prefix}.founderSignature`,
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

    return codecOfAdmissionLetter
  },

  encode(obj: Partial<AdmissionLetter>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AdmissionLetter.codec())
  },

  decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AdmissionLetter>): AdmissionLetter {
    return decodeMessage(buf, AdmissionLetter.codec(), opts)
  }
}
