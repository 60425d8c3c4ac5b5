/** One sentence for a person of why other nodes cannot be received; libp2p's own comes with stack traces and advice on its options. */

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use by another program',
  EACCES: 'it is forbidden to this user (a port below 1024?)',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine does not know that kind of address'
}

/** `message` is libp2p's: under each address that failed stands what the system said. */
export function describeListenFailure(listen: readonly string[], message: string): string {
  const failures = listen.flatMap((address) => {
    const said = message.split(`\n  ${address}: `)[1]?.split('\n')[0]
    return said === undefined ? [] : [`${address}: ${reasonOf(said)}`]
  })
  const [first = ''] = message.split('\n')
  const why = failures.length === 0 ? `${listen.join(', ')}: ${first}` : failures.join('; ')
  return `could not listen on ${why}`
}

function reasonOf(said: string): string {
  const code = /\bE[A-Z]{3,}\b/.exec(said)?.[0]
  if (code !== undefined) return REASONS[code] ?? code
  return /^(?:\w*Error: )?(.*)$/.exec(said)?.[1] ?? said
}
