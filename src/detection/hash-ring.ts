/** The last few things seen, as 32-bit hashes: enough to say «again» or «new» with bounded memory. */
export interface HashRing {
  slots: number[]
  next: number
}

export function createHashRing(): HashRing {
  return { slots: [], next: 0 }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo): collisions only blunt a count, they cannot be used to forge one upwards. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return hash | 0
}

/** Remembers the hash; true if it was not among the last `capacity`. */
export function remember(ring: HashRing, hash: number, capacity: number): boolean {
  if (ring.slots.includes(hash)) return false
  if (ring.slots.length < capacity) ring.slots.push(hash)
  else {
    ring.slots[ring.next] = hash
    ring.next = (ring.next + 1) % capacity
  }
  return true
}
