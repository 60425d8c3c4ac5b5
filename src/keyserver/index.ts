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
export type { KeyserverErrorCode } from './errors.ts'
export * from './events.ts'
export type { BehindProxy } from './sources/haproxy/client.ts'
export { HaproxyDecoder, type HaproxyDecoderOptions } from './sources/haproxy/decoder.ts'
export {
  type AccessLine,
  HockeypuckDecoder,
  type HockeypuckDecoderOptions
} from './sources/hockeypuck/decoder.ts'
export { type LineCounters, LineIntake, type UnparsedHook } from './sources/line-intake.ts'
export * from './sources/log-decoder.ts'
export {
  createLogSource,
  type LogFormat,
  LogSource,
  type LogSourceOptions,
  type LogSourcePorts,
  type LogSourceSnapshot,
  type LogSourceState,
  type LogSourceStatus,
  type TransportOptions
} from './sources/log-source.ts'
export { NginxDecoder } from './sources/nginx/decoder.ts'
export {
  type LogPaths,
  type ReplayOptions,
  type ReplayPorts,
  type ReplayReport,
  replayLogs
} from './sources/replay.ts'
export {
  SubmissionJoin,
  type SubmissionJoinOptions,
  type SubmissionJoinSnapshot
} from './sources/submission-join.ts'
export { findTimeOffset, type TimeOffset } from './sources/time-offset.ts'
export { type WatchFile, watchFile } from './sources/transports/file-watch.ts'
