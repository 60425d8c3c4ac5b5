/**
 * Everything Hockeypuck and its proxy: reads their logs as events and carries decisions out at them. Decides nothing about
 * who is abusive, and knows neither models nor peers.
 */
export * from './actuators/actuator.ts'
export {
  ActuatorSet,
  type ActuatorSetOptions,
  type ActuatorSetPorts,
  type ActuatorState
} from './actuators/actuator-set.ts'
export {
  type ActuatorOptions,
  type ActuatorPorts,
  createActuator,
  sweepActuators
} from './actuators/create-actuator.ts'
export { KeyserverError, type KeyserverErrorCode } from './errors.ts'
export * from './events.ts'
export * from './sources/log-decoder.ts'
