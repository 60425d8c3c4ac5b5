/** Classes of user agents, by what the text says of itself. A user agent proves nothing; it is one feature among many. */

export type AgentClass =
  | 'empty'
  | 'browser'
  | 'gnupg'
  | 'hockeypuck'
  | 'library'
  | 'monitor'
  | 'crawler'
  | 'scanner'
  | 'other'

const SCANNER =
  /\b(?:nmap|nikto|sqlmap|masscan|zgrab|zmap|gobuster|feroxbuster|dirb|dirbuster|ffuf|wfuzz|nuclei|wpscan|whatweb|acunetix|nessus|openvas|qualys|burp|zaproxy|w3af|arachni|skipfish|jaeles|httpx|katana|theharvester|censys|shodan|internetmeasurement|expanse|netsystemsresearch|hydra|medusa|metasploit|slowhttptest|slowloris|apachebench|siege|httperf|autocannon|loadtest|bombardier|vegeta|jmeter|commix|xsser|joomscan|droopescan|fimap|uniscan|grabber|vega|paros|webinspect|appscan|netsparker|fuzz(?:er|ing)?)\b|vulnerability|\bscan(?:ner|ning)?\b|^fuzz/i
const MONITOR =
  /\b(?:prometheus|uptime|pingdom|nagios|check_http|zabbix|icinga|statuscake|site24x7|monitor|blackbox|kuma|datadog|newrelic|spider)\b|keyserverstatus/i
const CRAWLER =
  /bot\b|bot\/|\bcrawl|\bspider\b|slurp|facebookexternalhit|archiver|lightpanda|\(compatible;|headless|phantomjs|scrapy|https?:\/\//i
const LIBRARY =
  /^(?:curl|wget|python|go-http-client|go-resty|java|okhttp|apache-httpclient|ruby|perl|php|node|axios|undici|got|aiohttp|httpie|libwww|lwp|guzzle|reqwest|hyper|debian apt|apt|dotnet|restsharp|powershell|lua|rust|dart|faraday)|libwww-perl|python-urllib|requests\//i

export function classifyUserAgent(text: string): AgentClass {
  if (text === '' || text === '-') return 'empty'
  if (text.startsWith('Hockeypuck/')) return 'hockeypuck'
  if (SCANNER.test(text)) return 'scanner'
  if (/^(?:gnupg|dirmngr)\b/i.test(text)) return 'gnupg'
  if (MONITOR.test(text)) return 'monitor'
  if (CRAWLER.test(text)) return 'crawler'
  if (LIBRARY.test(text)) return 'library'
  if (/^Mozilla\/\d/.test(text) || /^Opera\/\d/.test(text)) return 'browser'
  return 'other'
}
