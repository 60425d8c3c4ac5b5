/** Pure: events in, verdicts out. Knows sessions, features and rules; refuses to know actuators, decisions and the clock. */
export * from './verdict.ts'
