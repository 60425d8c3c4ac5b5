/** Turns the configured actuators into options of their room. */
import type { Config } from '../config/index.ts'
import type { ActuatorOptions } from '../keyserver/index.ts'

/** What stands in front of HAProxy is said once, with its log; whoever watches two of them, one behind a CDN, must run two nodes. */
export function actuatorOptions(
  config: Pick<Config, 'sources' | 'actuators'>
): readonly ActuatorOptions[] {
  const isBehindProxy = config.sources.some(
    ({ format, behindProxy }) => format === 'haproxy' && behindProxy !== 'none'
  )
  return config.actuators.map((actuator) =>
    actuator.kind === 'haproxy' ? { ...actuator, isBehindProxy } : actuator
  )
}
