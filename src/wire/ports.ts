/** What the wire needs from whoever holds keys. */

export interface Signer {
  /** 32 bytes, raw Ed25519. */
  readonly publicKey: Uint8Array
  /** 64 bytes over exactly these bytes. */
  sign(data: Uint8Array): Uint8Array
}

/** Plain Ed25519 verification; the strict checks of the encoding are made before it is asked. */
export type Verify = (key: Uint8Array, data: Uint8Array, signature: Uint8Array) => Promise<boolean>
