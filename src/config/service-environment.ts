/** What systemd tells a service through its environment (sd_notify(3), sd_watchdog_enabled(3)). */

export interface ServiceEnvironment {
  /** The service manager waits for a readiness notification. */
  readonly wantsNotification: boolean
  /** Longest silence that the watchdog allows; undefined without a watchdog for this process. */
  readonly watchdogMs: number | undefined
}

export function readServiceEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  pid: number = process.pid
): ServiceEnvironment {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? '')
  const meant = environment['WATCHDOG_PID']
  const isOurs = meant === undefined || meant === '' || Number(meant) === pid
  return {
    wantsNotification: (environment['NOTIFY_SOCKET'] ?? '') !== '',
    watchdogMs: isOurs && microseconds > 0 ? microseconds / 1_000 : undefined
  }
}
