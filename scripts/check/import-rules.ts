import type { Rule } from './rule.ts'

const own = '(?!common/|contracts/)[^/]+'
const inService = (file: string) => new RegExp(`^services/${own}/${file}$`)

const environment = /\b(?:Bun|process)\.env\b/
const storage = 'bun:sqlite|mongodb$|services/common/store/(?:sqlite|mongo)'
const web = 'services/common/http/(?:service|main)\\.ts$'
const files = 'node:(?:fs|net|http|https|child_process|dgram|tls)(?:/|$)'
const impure =
  /\bDate\.now\b|\bnew Date\b(?!\([^)])|\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b|\bperformance\.now\b|\bfetch\(|\bBun\.(?:file|write|spawn|serve|connect|env|\$)|\bprocess\.env\b/

/** The import table of the house, a row for a row. */
export const rules: readonly Rule[] = [
  {
    name: 'the catalogue imports nothing',
    from: /^services\/catalog\.ts$/,
    never: /./,
    kinds: 'both',
    tests: 'too',
    why: 'everything reads it, so anything it read would be everywhere',
  },
  {
    name: 'common imports no service',
    from: /^services\/common\//,
    never: /^services\/(?!common\/|catalog\.ts)|^scripts\/|^health\//,
    kinds: 'both',
    tests: 'too',
    why: 'what all services share cannot know one of them',
  },
  {
    name: 'contracts import no service',
    from: /^services\/contracts\//,
    never: /^services\/(?!common\/|contracts\/|catalog\.ts)|^scripts\/|^health\//,
    kinds: 'both',
    tests: 'too',
    why: 'compiled contracts are data, like common',
  },
  {
    name: 'a model knows no store and no environment',
    from: inService('(?:[a-z]+-)?model\\.ts'),
    never: new RegExp(`/(?:store|env|main|(?:[a-z]+-)?routes)\\.ts$|^services/common/store/|${storage}`),
    kinds: 'both',
    uses: impure,
    tests: 'exempt',
    why: 'schemas are read by everyone, in tests and in other services’ types',
  },
  {
    name: 'the domain is free of frameworks, storage, clock, randomness and environment',
    from: inService('(?!(?:(?:[a-z]+-)?(?:model|routes)|store|env|main)\\.ts$).*'),
    never: new RegExp(
      `^(?:elysia|@elysia/.*|zx|prom-client|jose)$|${storage}|/(?:env|main|(?:[a-z]+-)?routes)\\.ts$|${web}|^${files}`,
    ),
    kinds: 'run',
    uses: impure,
    tests: 'exempt',
    why: 'what is handed in can be tested and replaced; what is imported cannot',
  },
  {
    name: 'a store knows the store interface, not a driver, the web or the environment',
    from: inService('store\\.ts'),
    never: new RegExp(`^(?:elysia|@elysia/.*|zx)$|${storage}|/(?:env|main|(?:[a-z]+-)?routes)\\.ts$|${web}`),
    kinds: 'run',
    uses: impure,
    tests: 'exempt',
    why: 'the same service runs on either driver',
  },
  {
    name: 'routes know no driver and no environment',
    from: inService('(?:[a-z]+-)?routes\\.ts'),
    never: new RegExp(`^zx$|${storage}|/(?:env|main)\\.ts$|^${files}`),
    kinds: 'run',
    uses: environment,
    tests: 'exempt',
    why: 'routes are a function of their parts',
  },
  {
    name: 'main imports its own files and common',
    from: inService('main\\.ts'),
    never: /^scripts\/|^health\/|^zx$|^mongodb$/,
    kinds: 'both',
    tests: 'exempt',
    why: 'a service starts alone',
  },
  {
    name: 'nobody imports a main',
    from: /^/,
    never: /^services\/(?!common\/)[^/]+\/main\.ts$/,
    kinds: 'both',
    tests: 'too',
    why: 'importing it would start the service',
  },
  {
    name: 'only main reads the environment',
    from: /^services\/(?!(?:common\/)?[^/]+\/main\.ts$)/,
    kinds: 'run',
    uses: environment,
    tests: 'too',
    why: 'a setting that is read elsewhere is in no example file',
  },
  {
    name: 'scripts know of a service the types of its routes alone',
    from: /^scripts\//,
    never: /^services\/(?!common\/|catalog\.ts$)/,
    typesOf: /^services\/(?:[^/]+\/routes|api-server\/client\/api)\.ts$/,
    kinds: 'both',
    tests: 'too',
    why: 'a service can then change its inside without a look at the commands',
  },
  {
    name: 'only tests import what is for tests',
    from: /^/,
    never: /(?:\.fixture|\/fixture(?:-[^/]*)?|[/-](?:contract|suite)(?:-[^/]*)?|\/sample-[^/]*)\.ts$|(?:^|\/)testing\//,
    kinds: 'both',
    tests: 'exempt',
    why: 'fixtures, samples and contract suites may break rules that the product keeps',
  },
  {
    name: 'the health check knows the catalogue, the log, the command line and the host alone',
    from: /^health\//,
    never:
      /^services\/(?!catalog\.ts$|common\/(?:process\/(?:log|error|escape)|testing\/health-servers)\.ts$|common\/(?:cli|host)\/)|^scripts\/|^#/,
    kinds: 'both',
    tests: 'too',
    why: 'it must run where nothing else does',
  },
  {
    name: 'the watch stands alone',
    from: /^services\/common\/host\//,
    never: /^services\/(?!catalog\.ts$|common\/(?:cli\/|host\/|process\/(?:log|error|escape)\.ts$))/,
    kinds: 'both',
    tests: 'exempt',
    why: 'whoever watches must not believe what the watched code believes',
  },
  {
    name: 'text reaches a terminal through the printers alone',
    from: /^/,
    never: /^services\/common\/cli\/raw-text\.ts$/,
    kinds: 'run',
    uses: /\bconsole\.\w+|(?<!detectStyle\()\bprocess\.std(?:out|err)\b(?!\.on\()|\bBun\.std(?:out|err)\b|\bwriteSync\([12]\b|\bstd(?:out|err): [12]\b|(['"`])(?:inherit|\/dev\/(?:stdout|stderr|tty))\1/,
    tests: 'exempt',
    why: 'they escape what is not ours, and it takes one place that forgets to print a false verdict',
  },
  {
    name: 'colours and the cursor are the business of the printers',
    from: /^(?!services\/common\/cli\/text\.ts$|scripts\/cli\/progress\.ts$)/,
    never: /^(?:picocolors|chalk|ansi-colors|kleur|node:readline)$/,
    kinds: 'run',
    uses: /\\x1[Bb]/, // as the transpiler writes every escape of it
    tests: 'exempt',
    why: 'text that is coloured before it is escaped cannot be told from text that colours itself',
  },
  {
    name: 'a signature of Ed25519 is checked in one way',
    from: /^(?!services\/common\/engines\/ed25519\.ts$)/,
    kinds: 'run',
    uses: /\bed25519\.verify\b|\bzip215\b/,
    tests: 'exempt',
    why: 'the library takes signatures that other implementations refuse; verifiers must not disagree',
  },
  {
    name: 'only the rooms of a host know the container engine',
    from: /^services\/(?!common\/host\/|server-tools\/)|^health\/|^scripts\/(?!(?:derive|host|images|release|backup|doctor|acceptance|testing)\/)/,
    kinds: 'run',
    uses: /\bdocker (?:buildx|compose|cp|exec|image|info|inspect|kill|load|logs|network|ps|pull|rm|run|start|stats|stop|tag|unpause|volume)\b|(['"`])docker\1/,
    tests: 'exempt',
    why: 'the platform runs without an engine, and another engine is then a change of few rooms',
  },
]
