/** What a program that a command starts, or a terminal, is told through the environment. */

type Environment = Readonly<Record<string, string | undefined>>

/** Settings of this node (`NETMINDER_…`) and of its service manager (sd_notify(3)) are not for a node of another directory. */
const OWN_SETTINGS = /^(?:NETMINDER_|WATCHDOG_|NOTIFY_SOCKET$|LISTEN_)/

/** The environment for a node of its own. */
export function environmentForChild(
  environment: Environment = process.env
): Record<string, string> {
  const entries = Object.entries(environment)
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !OWN_SETTINGS.test(entry[0])
    )
  )
}

/** Whether a terminal may be written to in colours (no-color.org, terminfo(5)). */
export function areColorsWelcome(environment: Environment = process.env): boolean {
  return (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
}
