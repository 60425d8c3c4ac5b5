/** Words of no domain: addresses, bounded containers, time and randomness as values, errors, lifecycle. Knows nothing of keyservers. */
export * from './address.ts'
export * from './clock.ts'
export * from './duration.ts'
export * from './errors.ts'
export * from './lifecycle.ts'
export * from './lru-map.ts'
export * from './random.ts'
export * from './task-group.ts'
