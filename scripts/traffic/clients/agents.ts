/** Programs by the family they belong to and the region that owns them; bytes fitted to the recording's request sizes. */
import type { Agent } from '../client.ts'
import type { Draw } from '../draw.ts'
import { type Belonging, belongsTo, type Region } from '../regions.ts'

export const HOST = 'keys.example'
const HKP = `${HOST}:11371`

interface Family {
  readonly tool: string
  readonly belongs: Belonging
  readonly userAgents: readonly string[]
  readonly otherBytes: number
  readonly sendsConnection?: boolean
  readonly httpVersion?: Agent['httpVersion']
  readonly browserLike?: boolean
}

const BROWSERS: readonly Family[] = [
  browser(
    'chrome',
    'train',
    [137, 138].map((v) => chrome('Windows NT 10.0; Win64; x64', v))
  ),
  browser(
    'chrome',
    'validation',
    [139, 141].map((v) => chrome('X11; Linux x86_64', v))
  ),
  browser(
    'chrome',
    'test',
    [140, 142].map((v) => chrome('Macintosh; Intel Mac OS X 10_15_7', v))
  ),
  browser('chrome-mobile', 'any', [chrome('Linux; Android 15; Pixel 8', 138, ' Mobile')]),
  browser('firefox', 'train', [
    firefox('Windows NT 10.0; Win64; x64', 128),
    firefox('X11; Linux x86_64', 140)
  ]),
  browser('firefox', 'validation', [firefox('X11; Ubuntu; Linux x86_64', 141)]),
  browser('firefox', 'test', [
    firefox('Macintosh; Intel Mac OS X 10.15', 142),
    firefox('X11; Linux x86_64', 143)
  ]),
  browser('safari', 'any', [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
  ])
]

/** Build machines and scripts of harmless people. */
const BUILDERS: readonly Family[] = [
  tool('curl', 'any', ['curl/7.88.1', 'curl/8.5.0', 'curl/7.81.0', 'curl/8.14.1'], 16),
  tool('wget', 'any', ['Wget/1.21.3', 'Wget/1.21.4'], 39, true),
  tool('apt', 'any', ['Debian APT-HTTP/1.3 (2.6.1)', 'Debian APT-HTTP/1.3 (3.0.3)'], 19, true),
  tool('go-http', 'train', ['Go-http-client/1.1'], 26, true),
  tool('python-requests', 'train', ['python-requests/2.28.1', 'python-requests/2.32.3'], 44, true),
  tool('aiohttp', 'test', ['Python/3.12 aiohttp/3.9.5'], 40),
  tool('go-http', 'test', ['Go-http-client/2.0'], 22, true),
  tool('libdnf', 'validation', ['libdnf (Fedora Linux 42; server; Linux.x86_64)'], 30),
  tool('python-urllib', 'validation', ['Python-urllib/3.11', 'Python-urllib/3.13'], 32, true)
]

/** What abusers write their own programs with. */
const SCRIPTS: readonly Family[] = [
  tool('python-requests', 'train', ['python-requests/2.31.0', 'python-requests/2.27.1'], 44, true),
  tool('go-http', 'train', ['Go-http-client/1.1'], 26),
  tool('curl', 'train', ['curl/8.5.0', 'curl/7.68.0'], 16),
  tool('no-name', 'train', [''], 30),
  tool('okhttp', 'validation', ['okhttp/4.12.0', 'okhttp/5.0.0-alpha.14'], 34, true),
  tool('java', 'validation', ['Java/17.0.11', 'Apache-HttpClient/4.5.14 (Java/17.0.11)'], 58, true),
  tool('axios', 'validation', ['axios/1.7.2'], 52),
  tool('aiohttp', 'test', ['Python/3.11 aiohttp/3.9.5', 'Python/3.12 aiohttp/3.10.1'], 40),
  tool('reqwest', 'test', ['reqwest/0.12.5', ''], 14),
  tool(
    'node-fetch',
    'test',
    ['node-fetch/1.0 (+https://github.com/bitinn/node-fetch)', 'undici'],
    60
  ),
  tool('libwww-perl', 'test', ['libwww-perl/6.72'], 38)
]

const SCANNERS: readonly Family[] = [
  tool(
    'nmap',
    'train',
    ['Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)'],
    20,
    true
  ),
  tool('nikto', 'train', [chrome('Windows NT 10.0; Win64; x64', 142)], 36, true),
  tool('zgrab', 'train', ['Mozilla/5.0 zgrab/0.x'], 30),
  tool('masscan', 'train', ['masscan/1.3 (https://github.com/robertdavidgraham/masscan)'], 18),
  tool('dirb', 'train', ['Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)'], 14),
  tool('whatweb', 'validation', ['WhatWeb/0.5.5'], 50),
  tool('wfuzz', 'validation', ['Wfuzz/3.1.0'], 22),
  tool('feroxbuster', 'validation', ['feroxbuster/2.10.4'], 14),
  tool('gobuster', 'test', ['gobuster/3.5', 'gobuster/3.6'], 24),
  tool(
    'nuclei',
    'test',
    [chrome('X11; Linux x86_64', 117), firefox('Windows NT 10.0', 109)],
    38,
    true
  ),
  tool('ffuf', 'test', ['Fuzz Faster U Fool v2.1.0'], 24),
  tool('raw', 'test', ['', '-', 'Hello World'], 4)
]

const INJECTORS: readonly Family[] = [
  tool('sqlmap', 'train', ['sqlmap/1.7.2#stable (https://sqlmap.org)'], 48, true),
  tool('script', 'train', ['python-requests/2.31.0'], 44, true),
  tool('wfuzz', 'validation', ['Wfuzz/3.1.0'], 22),
  tool('xsstrike', 'validation', [firefox('X11; Linux i686', 60)], 60, true),
  tool('ghauri', 'test', ['ghauri/1.3.4 (https://github.com/r0oth3x49/ghauri)'], 40, true),
  tool('nuclei', 'test', [chrome('X11; Linux x86_64', 117)], 38, true),
  tool('commix', 'test', ['Commix/v3.9-stable (https://commixproject.com)'], 44)
]

const HARVESTERS: readonly Family[] = [
  tool('theHarvester', 'train', ['Mozilla/5.0 (compatible; theHarvester)'], 40),
  ...SCRIPTS.filter(
    ({ tool: name }) => name === 'python-requests' || name === 'java' || name === 'aiohttp'
  ),
  tool('Maryam', 'validation', [firefox('X11; Linux x86_64', 79)], 60, true),
  tool('spiderfoot', 'test', ['SpiderFoot'], 42, true)
]

const GATEWAYS: readonly Family[] = [
  tool('cert-d-watch', 'train', ['cert-d-watch/0.1'], 24),
  tool('keymon', 'train', ['keymon/1.2'], 24),
  tool('Mailman', 'any', ['Mailman/3.3.9', 'Mailman/3.3.10'], 30, true),
  tool('postfix-pgp-milter', 'train', ['postfix-pgp-milter/0.9'], 24),
  tool('schleuder', 'any', ['schleuder/5.0'], 30),
  tool('sq-net', 'train', ['sq-net/1.0'], 16),
  tool('listbot', 'train', ['listbot (perl LWP)/6.67'], 36),
  tool('GitForge-keysync', 'any', ['GitForge-keysync/17.2', 'GitForge-keysync/18.0'], 28),
  tool('mailpile-resolver', 'validation', ['mailpile-resolver/2.1'], 40, true),
  tool('hockeywkd', 'validation', ['hockeywkd/0.4 (+https://wkd.example)'], 24),
  tool('wkd-hkp-gateway', 'test', ['wkd-hkp-gateway/0.3 (+https://wkd.example)'], 24),
  tool('gpg-ldap-bridge', 'test', ['gpg-ldap-bridge/2'], 24),
  tool('ticket-crypt', 'test', ['ticket-crypt/6.1 (java)'], 44, true)
]

/** Mail programs, their extensions and address books. Some look like the browser that they are part of. */
const MAILERS: readonly Family[] = [
  tool('OpenKeychain', 'any', ['OpenKeychain/6.0.4', 'OpenKeychain/5.8.2'], 30),
  tool('okhttp', 'any', ['okhttp/4.9.3', 'okhttp/3.14.9'], 34, true),
  browser('extension', 'train', [firefox('Windows NT 10.0; Win64; x64', 140)]),
  browser('extension', 'train', [chrome('Windows NT 10.0; Win64; x64', 138)]),
  browser('extension', 'validation', [chrome('X11; Linux x86_64', 141)]),
  browser('extension', 'test', [firefox('X11; Linux x86_64', 143)]),
  tool('webmail', 'any', ['Java/17.0.9', 'python-requests/2.31.0', 'PHP/8.2'], 40),
  tool('mail-app', 'train', ['Apple-Mail/3776.700.51 CFNetwork/1496'], 40),
  tool('mail-app', 'validation', ['Evolution/3.52'], 30),
  tool('mail-app', 'test', ['KMail/24.02', 'Claws Mail/4.2'], 30)
]

const POLLERS: readonly Family[] = [
  tool('Prometheus', 'any', ['Prometheus/2.53.1'], 40),
  tool('sks-spider', 'any', ['sks-spider/0.9 (+https://spider.example/)'], 20),
  tool('pool-monitor', 'train', ['Mozilla/5.0 (compatible; pool-monitor/1.4)'], 20),
  tool('KeyserverStatus', 'validation', ['KeyserverStatus/2.1'], 20),
  tool('Uptime-Kuma', 'any', ['Uptime-Kuma/1.23.16'], 30),
  tool('Blackbox', 'test', ['Blackbox Exporter/0.25.0'], 36)
]

const LANGUAGES = [
  'en-US,en;q=0.9',
  'de-DE,de;q=0.8,en;q=0.5',
  'fr-FR,fr;q=0.9',
  'ja-JP,ja',
  'pt-BR,pt;q=0.9,en;q=0.7',
  'zh-CN,zh;q=0.9',
  'en-GB,en;q=0.9',
  'pl-PL,pl;q=0.9,en-US;q=0.6'
]

const FAMILIES = {
  browser: BROWSERS,
  builder: BUILDERS,
  script: SCRIPTS,
  scanner: SCANNERS,
  injector: INJECTORS,
  harvester: HARVESTERS,
  gateway: GATEWAYS,
  mailer: MAILERS,
  poller: POLLERS
} as const
export type FamilyName = keyof typeof FAMILIES
export const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[]

/** For the test that regions are apart: abusers' tools by region. */
export const TOOL_FAMILIES: Readonly<Record<FamilyName, readonly Family[]>> = FAMILIES

export function agentOf(name: FamilyName, region: Region, draw: Draw): Agent {
  const families: readonly Family[] = FAMILIES[name]
  const family = draw.pick(families.filter(({ belongs }) => belongsTo(belongs, region)))
  const isTls = draw.chance(name === 'browser' ? 0.6 : 0.28)
  const isBrowser = family.browserLike === true
  return {
    tool: family.tool,
    userAgent: draw.pick(family.userAgents),
    acceptLanguage: isBrowser ? draw.pick(LANGUAGES) : '',
    httpVersion: isTls && isBrowser && draw.chance(0.35) ? '2.0' : (family.httpVersion ?? '1.1'),
    isTls,
    host: isTls ? HOST : draw.chance(isBrowser ? 0.5 : 0.7) ? HKP : HOST,
    otherBytes: family.otherBytes,
    sendsConnection: family.sendsConnection === true
  }
}

/** GnuPG's dirmngr names itself in no header. */
export function gnupg(): Agent {
  return {
    tool: 'gpg',
    userAgent: '',
    acceptLanguage: '',
    httpVersion: '1.0',
    isTls: false,
    host: HKP,
    otherBytes: 46,
    sendsConnection: true
  }
}

export function thunderbird(draw: Draw): Agent {
  const version = draw.pick([115, 128, 140])
  return {
    ...gnupg(),
    tool: 'thunderbird',
    userAgent: `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Thunderbird/${version}.12.0`,
    httpVersion: '1.1',
    isTls: true,
    host: HOST,
    otherBytes: 60
  }
}

export function peerServer(draw: Draw): Agent {
  const version = draw.pick(['2.3.3', '2.3.3', '2.2.4', '2.3', '2.1.2'])
  return {
    ...gnupg(),
    tool: 'Hockeypuck',
    userAgent: `Hockeypuck/${version}`,
    httpVersion: '1.1',
    otherBytes: 34
  }
}

/** A browser that nobody has: version or platform do not exist (contract A11). */
export function impossibleBrowser(region: Region, draw: Draw): Agent {
  const version = { train: [99, 112], validation: [60, 79], test: [150, 171] }[region]
  const userAgent =
    region === 'test' && draw.chance(0.3)
      ? 'Lightpanda/1.0'
      : chrome(
          draw.pick(['Windows NT 6.1; WOW64', 'Windows NT 10.0; Win64; x64', 'X11; Linux i686']),
          draw.between(version[0] ?? 99, version[1] ?? 112)
        )
  return {
    ...agentOf('browser', region, draw),
    tool: 'fake-browser',
    userAgent,
    httpVersion: '1.1',
    acceptLanguage: draw.chance(0.5) ? 'en-US,en;q=0.9' : ''
  }
}

function browser(name: string, belongs: Belonging, userAgents: readonly string[]): Family {
  return {
    tool: name,
    belongs,
    userAgents,
    otherBytes: 96,
    sendsConnection: true,
    browserLike: true
  }
}

function tool(
  name: string,
  belongs: Belonging,
  userAgents: readonly string[],
  otherBytes: number,
  sendsConnection = false
): Family {
  return { tool: name, belongs, userAgents, otherBytes, sendsConnection }
}

function chrome(platform: string, version: number, suffix = ''): string {
  return `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0${suffix} Safari/537.36`
}

function firefox(platform: string, version: number): string {
  return `Mozilla/5.0 (${platform}; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
}
