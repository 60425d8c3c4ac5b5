/**
 * Everything Hockeypuck and its proxy: reads their logs as events and carries decisions out at them. Decides nothing about
 * who is abusive, and knows neither models nor peers.
 */
export * from './actuators/actuator.ts'
export * from './events.ts'
export * from './sources/log-decoder.ts'
