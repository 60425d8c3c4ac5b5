/** The rooms and which way imports run (docs/ARCHITECTURE.md). */
const rooms = {
  base: [],
  wire: ['base'],
  config: ['base', 'wire'],
  telemetry: ['base', 'wire'],
  store: ['base', 'wire'],
  keyserver: ['base', 'wire'],
  runtime: ['base', 'wire'],
  training: ['base', 'wire', 'runtime'],
  registry: ['base', 'wire', 'runtime'],
  network: ['base', 'wire'],
  detection: ['base', 'wire', 'keyserver', 'runtime'],
  defense: ['base', 'wire', 'keyserver', 'network', 'detection'],
  feedback: ['base', 'detection'],
  datasets: ['base', 'keyserver', 'runtime', 'training', 'registry', 'detection', 'defense'],
  jobs: [
    'base',
    'wire',
    'store',
    'runtime',
    'training',
    'registry',
    'detection',
    'feedback',
    'datasets'
  ],
  api: [
    'base',
    'wire',
    'config',
    'telemetry',
    'keyserver',
    'runtime',
    'network',
    'detection',
    'defense',
    'feedback',
    'registry',
    'jobs'
  ],
  cli: [
    'base',
    'config',
    'telemetry',
    'store',
    'keyserver',
    'runtime',
    'training',
    'registry',
    'detection',
    'defense',
    'feedback',
    'datasets',
    'api'
  ]
}
const pure = '^src/(?:base|detection|defense)/'

const ioModules = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'http2',
  'dgram',
  'dns',
  'dns/promises',
  'tls',
  'child_process',
  'worker_threads',
  'os',
  'readline',
  'sqlite',
  'timers',
  'timers/promises',
  'cluster'
].map((name) => `^(?:node:)?${name}$`)

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-downward`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(?:${[room, ...allowed].join('|')})/` }
    })),
    {
      name: 'through-the-door',
      comment: 'A room is entered by its index.ts only.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] }
    },
    {
      name: 'main-through-the-door',
      severity: 'error',
      from: { path: '^src/[^/]+$' },
      to: { path: '^src/[^/]+/.+', pathNot: '^src/[^/]+/index\\.ts$' }
    },
    {
      name: 'pure-rooms-have-no-io',
      severity: 'error',
      from: { path: pure },
      to: {
        path: ioModules
      }
    },
    {
      name: 'sqlite-in-store-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'better-sqlite3' }
    },
    {
      name: 'koa-in-api-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/api/' },
      to: { path: 'node_modules/(?:koa|@koa)' }
    },
    { name: 'nothing-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default']
    }
  }
}
