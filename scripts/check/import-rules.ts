import { codeOf, type Import, importsOf, type SourceFile } from './imports.ts'

/** Who may call whom: the `needs` of the catalogue. */
export type Needs = Readonly<Record<string, { readonly needs: readonly string[] }>>

type Rule = {
  readonly name: string
  /** Files it is about, as paths from the root. */
  readonly from: RegExp
  /** Only these targets are good. Without it everything is, but for `never`. */
  readonly only?: RegExp
  readonly never?: RegExp
  /** Type imports couple but do not load; a rule about what is loaded leaves them out. */
  readonly kinds: 'run' | 'both'
  /** What may not stand in the code, on top of imports. */
  readonly uses?: RegExp
  /** Tests of a service load what they need to test it; tests of a folder that is closed do not. */
  readonly tests: 'too' | 'exempt'
  readonly why: string
}

/** Tests, and what only they load: `fixture.ts`, `fixture-x.ts`, `x.fixture.ts`, `common/testing-x.ts`. */
const test =
  /(?:\.test|\.fixture|\/fixture(?:-[^/]*)?|^services\/common\/testing\/[^/]*|^scripts\/testing\/.*)\.ts$/
const own = '(?!common/|contracts/)[^/]+'
const inService = (file: string) => new RegExp(`^services/${own}/${file}$`)

/** The part of common that only computes: a plan may use it as it uses the catalogue. */
const pureCommon = '(?:process/(?:fault|env)|stream/bytes)\\.ts$|engines/|evidence/(?!file-edge\\.ts$)'

const environment = /\b(?:Bun|process)\.env\b/
const storage = 'bun:sqlite|mongodb$|services/common/store/(?:sqlite|mongo)'
const impure =
  /\bDate\.now\b|\bnew Date\b(?!\([^)])|\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b|\bperformance\.now\b|\bfetch\(|\bBun\.(?:file|write|spawn|serve|connect|env|\$)|\bprocess\.env\b/
const files = 'node:(?:fs|net|http|https|child_process|dgram|tls)(?:/|$)'

/** The table of STYLE.md, a row for a row. */
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
    from: inService('model\\.ts'),
    never: new RegExp(`/(?:store|env|main|routes)\\.ts$|^services/common/store/|${storage}`),
    kinds: 'both',
    uses: impure,
    tests: 'exempt',
    why: 'schemas are read by everyone, in tests and in other services’ types',
  },
  {
    name: 'the domain is free of frameworks, storage, clock, randomness and environment',
    from: inService('(?!(?:model|store|routes|env|main)\\.ts$).*'),
    never: new RegExp(
      `^(?:elysia|@elysia/.*|zx|prom-client|jose)$|${storage}|/(?:env|main|routes)\\.ts$|^services/common/(?:http/service\\.ts$|testing/)|^${files}`,
    ),
    kinds: 'run',
    uses: impure,
    tests: 'exempt',
    why: 'what is handed in can be tested and replaced; what is imported cannot',
  },
  {
    name: 'a store knows the store interface, not a driver, the web or the environment',
    from: inService('store\\.ts'),
    never: new RegExp(
      `^(?:elysia|@elysia/.*|zx)$|${storage}|/(?:env|main|routes)\\.ts$|^services/common/http/service\\.ts$`,
    ),
    kinds: 'run',
    uses: impure,
    tests: 'exempt',
    why: 'the same service runs on either driver',
  },
  {
    name: 'routes know no driver and no environment',
    from: inService('routes\\.ts'),
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
    name: 'only tests import a fixture',
    from: /^/,
    never: /(?:\.fixture|\/fixture(?:-[^/]*)?|^services\/common\/testing\/[^/]*|^scripts\/testing\/.*)\.ts$/,
    kinds: 'both',
    tests: 'exempt',
    why: 'fixtures may break rules that the product keeps',
  },
  {
    name: 'only main reads the environment',
    from: /^services\/(?!(?:[^/]+\/)main\.ts$)/,
    kinds: 'run',
    uses: environment,
    tests: 'too',
    why: 'a setting that is read elsewhere is in no example file',
  },
  {
    name: 'plans and commands are pure',
    from: /^scripts\/(?:plan|commands)\//,
    only: new RegExp(
      `^services/catalog.ts$|^services/common/(?:${pureCommon})|^scripts/(?:plan|commands)/|^node:path$|^bun:test$|^fast-check$`,
    ),
    kinds: 'run',
    uses: impure,
    tests: 'too',
    why: 'what will be done can then be shown, and tested, without doing it',
  },
  {
    name: 'the health check knows the catalogue, the log and the watch alone',
    from: /^health\//,
    never:
      /^services\/(?!catalog\.ts$|common\/(?:process\/log|process\/health-report|testing\/health)\.ts$|common\/host\/)|^scripts\/|^#/,
    kinds: 'both',
    tests: 'too',
    why: 'it must run where nothing else does',
  },
  {
    name: 'the watch stands alone',
    from: /^services\/common\/(?:host\/|process\/health-report\.ts$)/,
    never: /^services\/(?!catalog\.ts$|common\/(?:host\/|process\/(?:log|health-report)\.ts$))/,
    kinds: 'both',
    tests: 'exempt',
    why: 'whoever watches must not believe what the watched code believes',
  },
]

const domain = 'the domain is free of frameworks, storage, clock, randomness and environment'

/** Files for which one rule does not hold, with the reason. */
export const exceptions: Readonly<Record<string, { readonly rule: string; readonly why: string }>> = {
  'services/session-encryptor/chunk-folder.ts': {
    rule: domain,
    why: 'it is the folder of chunk files itself, handed to the domain as an argument',
  },
  'services/api-gateway/nginx.ts': {
    rule: domain,
    why: 'it is the process itself: writes its file, starts it, asks it',
  },
  'services/tor-proxy/tor.ts': {
    rule: domain,
    why: 'it is the process itself: writes its file, starts it, asks it',
  },
  'services/server-tools/prepare/disk.ts': {
    rule: domain,
    why: 'it is the folder of the host itself, handed to the domain as an argument',
  },
  'services/server-tools/owners/tree.ts': {
    rule: domain,
    why: 'it is the tree of a volume itself, handed to the domain as an argument',
  },
  'services/common/backup/repository.ts': {
    rule: domain,
    why: 'it is the folder of backups itself, handed to the domain as an argument',
  },
  'services/common/backup/tree.ts': {
    rule: domain,
    why: 'it is the tree that is backed up itself, handed to the domain as an argument',
  },
  'services/common/backup/target.ts': {
    rule: domain,
    why: 'it is the tree that is restored itself, handed to the domain as an argument',
  },
  'services/common/backup/cache-file.ts': {
    rule: domain,
    why: 'it is the file of the cache itself, handed to the domain as an argument',
  },
  'services/common/backup/chunk-key.ts': {
    rule: domain,
    why: 'it is the file of the key itself, handed to the domain as an argument',
  },
  'services/common/backup/proof-folder.ts': {
    rule: domain,
    why: 'it is the tree that is proved itself, handed to the domain as an argument',
  },
  'services/tor-proxy/onion-folder.ts': {
    rule: domain,
    why: 'it is the folder of the key itself',
  },
}

const crossRule = 'a service knows of another only the type Api of its routes, along needs'
const serviceOf = (path: string) => new RegExp(`^services/(${own})/`).exec(path)?.[1]

/** Whether an import from one service to another is what STYLE.md allows. */
const crosses = ({ from, to, kind, names }: Import, needs: Needs): boolean => {
  const [caller, callee] = [serviceOf(from), serviceOf(to)]
  if (caller === undefined || callee === undefined || caller === callee || test.test(from)) return false
  const typeOnly = kind === 'type' && names.every((name) => name === 'Api')
  return !(typeOnly && to === `services/${callee}/routes.ts` && needs[caller]?.needs.includes(callee))
}

const breaks = (rule: Rule, { from, to, kind }: Import): boolean =>
  rule.from.test(from) &&
  (kind === 'run' || rule.kinds === 'both') &&
  (rule.never?.test(to) === true || (rule.only !== undefined && !rule.only.test(to)))

const concerns = (rule: Rule, path: string): boolean =>
  rule.from.test(path) &&
  exceptions[path]?.rule !== rule.name &&
  !(rule.tests === 'exempt' && test.test(path))

/** Every breach as `file: rule (what)`; empty is good. */
export const importBreaches = (sources: readonly SourceFile[], needs: Needs): readonly string[] =>
  sources.flatMap((file) => {
    const imports = importsOf(file)
    const code = codeOf(file)
    const concerned = rules.filter((rule) => concerns(rule, file.path))
    return [
      ...concerned.flatMap((rule) => [
        ...imports.filter((one) => breaks(rule, one)).map(({ to }) => `${file.path}: ${rule.name} (${to})`),
        ...(rule.uses && !test.test(file.path)
          ? [...new Set(code.match(new RegExp(rule.uses, 'g')))]
          : []
        ).map((use) => `${file.path}: ${rule.name} (${use})`),
      ]),
      ...imports.filter((one) => crosses(one, needs)).map(({ to }) => `${file.path}: ${crossRule} (${to})`),
    ]
  })
