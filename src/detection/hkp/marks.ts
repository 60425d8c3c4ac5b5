/**
 * Suspicious contents of a request target. Patterns ask for the syntax of an attack, not for words: `O'Connor`, `select@…`
 * and a company called Union must pass. At most two rounds of percent-decoding, as intermediaries may decode once more.
 */
export type Mark =
  | 'sql'
  | 'path-traversal'
  | 'command'
  | 'script'
  | 'jndi'
  | 'template'
  | 'nul'
  | 'control-character'
  | 'invalid-utf8'
  | 'prompt-injection'
  | 'scanner-path'

const SQL =
  /\bunion\b[\s(/*+]+(?:all[\s(/*+]+)?select\b|\bselect\b.{1,80}\bfrom\b|'\s*(?:or|and)\b\s*[('"\d]|\b(?:or|and)\b\s+['"(]*\w+['")]*\s*(?:=|like\b)\s*['"(]*\w|['")]\s*(?:\|\||;|--|#|\/\*)|\b(?:pg_sleep|sleep|benchmark|waitfor\s+delay|extractvalue|updatexml|convert|cast|chr|char|concat|version|xp_\w+)\s*\(.{0,60}(?:\)|$)|;\s*(?:drop|insert|update|delete|alter|create|exec|shutdown)\b|\border\s+by\s+\d+\s*(?:--|#|$)|@@version|information_schema|\d'\s*=\s*'\d/i
const TRAVERSAL =
  /(?:^|[/\\=])\.\.(?:[/\\]|$)|\.\.;\/|\/etc\/(?:passwd|shadow|hosts)|\bwin\.ini\b|\bboot\.ini\b|c:\\windows|\bphp:\/\/|\bfile:\/\/\//i
const COMMAND =
  /[;&|]\s*(?:cat|ls|id|whoami|uname|wget|curl|nc|bash|sh|ping|nslookup|sleep|echo|rm|chmod|powershell|dir|type)\b(?:\s|$|[;&|/<>])|\$\([^)]*\)|`[^`]+`|\(\)\s*\{\s*:;\s*\}|\|\s*(?:\/bin\/|\/usr\/)|\bcmd\.exe\b|\/bin\/(?:sh|bash)\b/i
const SCRIPT =
  /<\s*(?:script|img|svg|iframe|body|object|embed|details|math)\b|\bjavascript\s*:|\bon(?:error|load|click|mouseover|focus|toggle)\s*=|['"]\s*>\s*<|\balert\s*\(|\bdocument\.(?:cookie|domain)\b/i
const JNDI = /\$\{[^}]{0,80}(?:jndi|lower|upper|env|sys|java|ldap|::-)/i
const TEMPLATE = /\{\{.{1,80}\}\}|\$\{[^}]{1,80}\}|<%.{1,80}%>|#\{[^}]{1,80}\}|\{%.{1,80}%\}/
const PROMPT =
  /\b(?:ignore|disregard|forget|override)\b.{0,24}\b(?:previous|prior|above|all|earlier|system)\b.{0,24}\b(?:instruction|prompt|rule|direction|context|message)s?\b|<\|(?:im_start|im_end|system|endoftext)\|>|\[\/?inst\]|\byou are now\b.{0,40}\b(?:dan|assistant|admin|jailbroken|unrestricted)\b|###\s*(?:system|instruction)|\breveal\b.{0,24}\b(?:system\s+prompt|instructions|secret)/i

/** Names under which other software keeps what a scanner wants; general forms rather than a word list. */
const SCANNER_PATH =
  /(?:^|\/)\.(?!well-known(?:\/|$))[a-z_]|\.(?:php\d?|phtml|aspx?|asmx|ashx|jspx?|cgi|cfm|do|action|axd|pl|dll|env|ini|conf|cfg|ya?ml|toml|lock|log|bak|backup|old|orig|save|swp|sql|sqlite3?|db|mdb|tar|t?gz|tgz|zip|rar|7z|pem|key|p12|pfx|htpasswd|htaccess|git|svn|DS_Store)(?:[/~?]|$)|~$|\/(?:wp-[a-z-]+|wordpress|phpmyadmin|pma|cgi-bin|xmlrpc|manager\/(?:html|text|status)|actuator|solr|jenkins|boaform|hnap1|owa|ecp|autodiscover|vendor|telescope|_ignition|server-status|server-info|console|admin(?:istrator|er)?|login|signin|setup|install|backup|dump|shell|cmd|exec|debug|druid|nacos|geoserver|portal|remote|vpn|sslvpn|hudson|struts|axis2?|jmx-console|web-console|invoker|webdav|evox|sdk|api\/(?:v\d|jsonws|users?)|v\d\/(?:agent|models|pods))(?:\/|$)/i

function decodeOnce(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16))
  )
}

/** Bytes above 0x7f that are not UTF-8 (RFC 3629); `text` has one character a byte. */
function hasInvalidUtf8(text: string): boolean {
  let pending = 0
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i)
    if (pending > 0) {
      if ((byte & 0xc0) !== 0x80) return true
      pending--
    } else if (byte >= 0x80 && byte <= 0xff) {
      if (byte >= 0xc2 && byte <= 0xdf) pending = 1
      else if (byte >= 0xe0 && byte <= 0xef) pending = 2
      else if (byte >= 0xf0 && byte <= 0xf4) pending = 3
      else return true
    }
  }
  return pending > 0
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code > 0 && code < 32) || code === 127) return true
  }
  return false
}

const PLAIN = /^[\w/?&=@.,:+*-]*$/

/** Marks of a target (path and query as written, at most 8 KiB), each once; `isForeign` if no HKP server has the path. */
export function findMarks(target: string, isForeign: boolean): readonly Mark[] {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const marks: Mark[] = []
  if (isForeign && SCANNER_PATH.test(decodeOnce(path))) marks.push('scanner-path')
  // Nearly all requests consist of these characters only, and then none of the rest can match but a traversal.
  if (PLAIN.test(target) && !target.includes('..') && !target.includes('://')) return marks
  const bytes = decodeOnce(target)
  if (bytes.includes('\0')) marks.push('nul')
  if (hasControlCharacter(bytes)) marks.push('control-character')
  // Characters beyond a byte were written raw, which the log's reader has already turned into text.
  if (!/[^\0-\xff]/.test(bytes) && hasInvalidUtf8(bytes) && target.includes('%')) {
    marks.push('invalid-utf8')
  }
  const text = bytes.replaceAll('+', ' ')
  const again = text.includes('%') ? decodeOnce(text) : text
  for (const [name, pattern] of PATTERNS) {
    if (pattern.test(text) || (again !== text && pattern.test(again))) marks.push(name)
  }
  return marks
}

const PATTERNS: readonly (readonly [Mark, RegExp])[] = [
  ['sql', SQL],
  ['path-traversal', TRAVERSAL],
  ['command', COMMAND],
  ['script', SCRIPT],
  ['jndi', JNDI],
  ['template', TEMPLATE],
  ['prompt-injection', PROMPT]
]
