import { describe, expect, test } from 'bun:test'
import { exceptions } from './exceptions.ts'
import { rules } from './import-rules.ts'
import { parseFile } from './imports.ts'
import { circleRule, crossRule, judgeImports, pureRule } from './judge.ts'
import { orders } from './room-order.ts'

/** A file, or the files of a small tree, as `path: source`. */
type Planted = Readonly<Record<string, string>>
type Row = { readonly good: readonly Planted[]; readonly caught: readonly Planted[] }

const needs = { caller: { needs: ['callee'] }, callee: { needs: [] }, stranger: { needs: [] } }
const pureRooms = [
  { room: 'scripts/derive/', but: ['derive.ts'] },
  { room: 'scripts/store/', only: ['mongo-url.ts'] },
]
const judge = (planted: Planted) =>
  judgeImports(
    Object.entries(planted).map(([path, source]) => parseFile({ path, source })),
    { rules, orders, pureRooms, exceptions, needs },
  )

const load = (module: string) => `import { a } from '${module}'\nexport const b = () => a`
const type = (module: string, name = 'A') => `import type { ${name} } from '${module}'`
/** One file a module that it loads. */
const loading = (path: string, ...modules: readonly string[]) =>
  modules.map((module): Planted => ({ [path]: load(module) }))
const using = (path: string, ...uses: readonly string[]) =>
  uses.map((use): Planted => ({ [path]: `export const a = ${use}` }))

/** By the name of the rule: what keeps to it, and what it has to catch. */
const table: Readonly<Record<string, Row>> = {
  'the catalogue imports nothing': {
    good: [{ 'services/catalog.ts': 'export const a = 1' }],
    caught: [
      ...loading('services/catalog.ts', '#common/process/fault', 'elysia'),
      { 'services/catalog.ts': type('#common/process/log') },
    ],
  },
  'common imports no service': {
    good: loading('services/common/http/x.ts', 'elysia', '../../catalog.ts', '../process/fault.ts'),
    caught: [
      ...loading('services/common/http/x.ts', '#services/callee/model', '#scripts/derive/x', '#health/x'),
      ...loading('services/common/http/x.test.ts', '#services/callee/model'),
      { 'services/common/http/x.ts': type('../../callee/model.ts') },
    ],
  },
  'contracts import no service': {
    good: loading('services/contracts/x.ts', '#common/stream/bytes', './y.ts'),
    caught: loading('services/contracts/x.ts', '#services/callee/model', '#scripts/derive/x'),
  },
  'a model knows no store and no environment': {
    good: loading('services/caller/model.ts', 'elysia', '#common/evidence/fields'),
    caught: [
      ...loading('services/caller/model.ts', './store.ts', './env.ts', 'bun:sqlite'),
      ...loading('services/caller/part-model.ts', './store.ts', './part-routes.ts'),
      ...using('services/caller/model.ts', 'Date.now()'),
      { 'services/caller/model.ts': type('#common/store/store') },
    ],
  },
  'the domain is free of frameworks, storage, clock, randomness and environment': {
    good: [
      ...loading('services/caller/tree.ts', '#common/process/fault', './leaf.ts', '@noble/hashes/sha3.js'),
      ...loading('services/caller/tree.test.ts', '#common/store/sqlite', 'node:fs'),
      ...using('services/caller/tree.ts', '(now: () => number) => now() // Date.now() says', 'new Date(0)'),
      { 'services/caller/tree.ts': type('#common/store/store') },
    ],
    caught: [
      ...loading(
        'services/caller/tree.ts',
        ...['elysia', 'mongodb', 'zx', 'bun:sqlite', 'node:fs', 'node:fs/promises', 'node:net', './env.ts'],
        ...['#common/store/sqlite', '#common/http/service', '#common/http/main', './part-routes.ts'],
      ),
      ...using('services/caller/tree.ts', 'Date.now()', 'new Date()', 'Math.random()', 'crypto.randomUUID()'),
      ...using('services/caller/deep/tree.ts', 'Bun.env', 'process.env', "fetch('x')", "Bun.file('x')"),
    ],
  },
  'a store knows the store interface, not a driver, the web or the environment': {
    good: [{ 'services/caller/store.ts': `${type('#common/store/store')}\n${type('./model.ts')}` }],
    caught: loading('services/caller/store.ts', '#common/store/sqlite', 'elysia', './env.ts', 'mongodb'),
  },
  'routes know no driver and no environment': {
    good: loading('services/caller/routes.ts', './model.ts', '#common/http/service'),
    caught: [
      ...loading('services/caller/routes.ts', 'mongodb', './env.ts', 'node:fs'),
      ...loading('services/caller/part-routes.ts', 'mongodb', './env.ts', 'node:fs'),
      ...using('services/caller/routes.ts', 'Bun.env'),
    ],
  },
  'main imports its own files and common': {
    good: [
      ...loading('services/caller/main.ts', '#common/http/main', './env.ts'),
      ...using('services/caller/main.ts', 'Bun.env'),
    ],
    caught: loading('services/caller/main.ts', '#scripts/derive/x', '#health/x', 'zx', 'mongodb'),
  },
  'nobody imports a main': {
    good: loading('services/caller/main.ts', '#common/http/main'),
    caught: [
      ...loading('services/caller/routes.ts', './main.ts'),
      ...loading('services/caller/main.test.ts', './main.ts'),
      { 'scripts/platform/x.ts': "import '#services/caller/main'" },
    ],
  },
  'only main reads the environment': {
    good: [
      ...using('services/caller/main.ts', 'Bun.env'),
      ...using('services/common/http/main.ts', 'Bun.env'),
      ...using('scripts/platform/x.ts', 'Bun.env'),
    ],
    caught: [
      ...using('services/common/process/x.ts', 'process.env'),
      ...using('services/caller/routes.ts', 'Bun.env'),
      ...using('services/caller/deep/main.ts', 'Bun.env'),
    ],
  },
  'scripts know of a service the types of its routes alone': {
    good: [
      ...loading('scripts/platform/x.ts', '#catalog', '#common/http/client'),
      { 'scripts/platform/x.ts': type('#services/callee/routes', 'Api') },
    ],
    caught: [
      ...loading('scripts/platform/x.ts', '#services/callee/routes', '#services/callee/tree'),
      { 'scripts/platform/x.ts': type('#services/callee/client/api', 'paths') },
      ...loading('scripts/testing/bench/x.ts', '#services/callee/store', '#services/contracts/x'),
      ...loading('scripts/platform/x.test.ts', '#services/callee/model'),
      { 'scripts/platform/x.ts': type('#services/callee/deep/model') },
    ],
  },
  'only tests import what is for tests': {
    good: [
      ...loading('services/caller/x.test.ts', './fixture.ts', '#common/testing/app'),
      ...loading('services/caller/fixture.ts', '#services/stranger/machine', '#common/testing/real-services'),
      ...loading('scripts/testing/bench/x.ts', '../peers/x.ts', '../../store/fixture.ts'),
      ...loading('services/caller/x.ts', '#services/contracts/lucid-anchors', './contracts.ts'),
    ],
    caught: [
      ...loading(
        'services/caller/routes.ts',
        ...['./fixture.ts', './fixture-anchors.ts', './x.fixture.ts', './sample-session.ts'],
        ...['#common/testing/app', '#common/testing/sample-session', '#common/store/contract'],
        ...['#common/store/store-contract', './contract-model.ts', './kill-suite.ts', './testing/x.ts'],
      ),
      ...loading('services/common/evidence/x.ts', './sample-session.ts', '../testing/faults.ts'),
      ...loading('scripts/release/x.ts', '../testing/release/sweep.ts', './testing/sweep.ts'),
      ...loading('scripts/demo/x.ts', '#scripts/testing/peers/pi/link'),
      { 'health/x.ts': type('../services/common/testing/health-servers.ts') },
    ],
  },
  'the health check knows the catalogue, the log, the command line and the host alone': {
    good: loading(
      'health/x.ts',
      ...['../services/catalog.ts', '../services/common/process/log.ts', './y.ts'],
      ...['../services/common/host/probe.ts', '../services/common/host/watch/command.ts'],
    ),
    caught: [
      ...loading('health/x.ts', '../services/common/http/client.ts', '../scripts/cli/run.ts', '#other'),
      ...loading('health/x.test.ts', '#services/callee/model'),
      { 'health/x.ts': type('../services/callee/routes.ts', 'Api') },
    ],
  },
  'the watch stands alone': {
    good: [
      ...loading('services/common/host/watch/x.ts', '#catalog', '../probe.ts', '../../process/log.ts'),
      ...loading('services/common/host/watch/x.test.ts', '../../testing/health-servers.ts'),
    ],
    caught: [
      ...loading('services/common/host/probe.ts', '../http/client.ts'),
      ...loading('services/common/host/watch/x.ts', '../../process/fault.ts'),
    ],
  },
  'no arrow goes up between the rooms of scripts': {
    good: [
      ...loading('scripts/demo/x.ts', '../release/x.ts', '../cli/x.ts', './y.ts', '#catalog'),
      ...loading('scripts/derive/x.test.ts', '../store/x.ts'),
      ...loading('scripts/testing/bench/x.ts', '../../demo/x.ts'),
    ],
    caught: [
      ...loading('scripts/derive/x.ts', '../store/schemas.ts'),
      ...loading('scripts/release/run/x.ts', '../../backup/snapshot.ts', '#scripts/doctor/x'),
      ...loading('scripts/cli/x.ts', '../host/x.ts', '../testing/x.ts'),
      ...loading('services/caller/x.ts', '#scripts/cli/x', '#health/x'),
      ...loading('health/x.ts', '../scripts/cli/x.ts'),
      { 'scripts/cli/x.ts': type('../host/x.ts') },
      { 'scripts/loose.ts': '' },
      { 'scripts/plan/x.ts': '' },
    ],
  },
  'no arrow goes up between the rooms of common': {
    good: [
      ...loading('services/common/http/x.ts', '../process/x.ts', '../evidence/x.ts', '../store/x.ts'),
      ...loading('services/common/process/x.test.ts', '../http/x.ts'),
    ],
    caught: [
      ...loading('services/common/process/x.ts', '../http/x.ts', '../stream/x.ts'),
      ...loading('services/common/ethereum/x.ts', '../evidence/x.ts'),
      { 'services/common/process/x.ts': type('../http/client.ts') },
      { 'services/common/loose.ts': '' },
      { 'services/common/watch/x.ts': '' },
    ],
  },
  [crossRule]: {
    good: [
      { 'services/caller/vm.ts': type('#services/callee/routes', 'Api') },
      { 'services/caller/vm.ts': type('../callee/routes.ts', 'Api as Callee') },
      ...loading('services/caller/vm.test.ts', '#services/stranger/routes'),
    ],
    caught: [
      { 'services/caller/vm.ts': type('#services/callee/routes', 'Root') },
      { 'services/caller/vm.ts': "import { type Root } from '#services/callee/routes'" },
      { 'services/caller/vm.ts': "export const a: import('../callee/routes.ts').Root = 1" },
      { 'services/caller/vm.ts': "export { root } from '../callee/tree.ts'" },
      { 'services/caller/vm.ts': "export const a = () => import('../callee/tree.ts')" },
      { 'services/caller/vm.ts': type('#services/callee/model', 'Root') },
      { 'services/caller/vm.ts': type('#services/stranger/routes', 'Api') },
      { 'services/callee/vm.ts': type('#services/caller/routes', 'Api') },
      ...loading('services/caller/vm.ts', '#services/callee/routes'),
      ...loading('services/caller/main.ts', '#services/callee/tree'),
    ],
  },
  [circleRule]: {
    good: [
      { 'scripts/cli/a.ts': load('./b.ts'), 'scripts/cli/b.ts': load('./c.ts'), 'scripts/cli/c.ts': '' },
      { 'scripts/cli/a.ts': '', 'scripts/cli/a.test.ts': load('./a.ts') },
    ],
    caught: [
      { 'scripts/cli/a.ts': load('./b.ts'), 'scripts/cli/b.ts': load('./a.ts') },
      { 'scripts/cli/a.ts': load('./b.ts'), 'scripts/cli/b.ts': type('./a.ts') },
      { 'scripts/cli/a.ts': type('./b.ts'), 'scripts/cli/b.ts': type('./a.ts') },
      {
        'services/common/http/a.ts': load('#common/http/b'),
        'services/common/http/b.ts': type('./c.ts'),
        'services/common/http/c.ts': "export const x: import('./a.ts').X = 1",
      },
    ],
  },
  'text reaches a terminal through the printers alone': {
    good: [
      ...loading('scripts/platform/x.ts', '#common/cli/text', '#common/cli/streams'),
      ...loading('services/common/cli/table.ts', './raw-text.ts'),
      ...using('scripts/platform/x.ts', 'detectStyle(process.stdout, process.env)', "say('console')"),
      ...using('scripts/platform/x.test.ts', "console.log('NOT RUN')"),
      { 'scripts/platform/x.ts': type('#common/cli/raw-text', 'Text') },
    ],
    caught: [
      ...loading('scripts/platform/x.ts', '#common/cli/raw-text'),
      ...loading('services/common/cli/help.ts', './raw-text.ts'),
      ...using('scripts/session/verify.ts', 'console.log(detail)', 'console.error(detail)'),
      ...using('services/caller/routes.ts', 'process.stdout.write(name)', 'Bun.write(Bun.stderr, name)'),
      ...using('health/x.ts', '() => process.stderr', 'writeSync(2, name)', "open('/dev/tty')"),
      ...using('scripts/host/x.ts', "spawn(argv, { stderr: 'inherit' })", 'spawn(argv, { stdout: 1 })'),
    ],
  },
  'colours and the cursor are the business of the printers': {
    good: [
      ...using('services/common/cli/text.ts', "'\\x1b[32m'"),
      ...using('scripts/cli/progress.ts', "'\\x1b[0J'"),
      ...using('scripts/platform/x.test.ts', "'\\x1b[32m'"),
    ],
    caught: [
      ...loading('scripts/platform/x.ts', 'picocolors', 'node:readline'),
      ...using('scripts/platform/x.ts', "'\\x1b[32m'", '`\\u001b[2J`', "'\\x1B[H'"),
      ...using('services/common/cli/table.ts', "'\\u{1b}[32m'"),
    ],
  },
  'a signature of Ed25519 is checked in one way': {
    good: [
      ...using('services/common/engines/ed25519.ts', 'ed25519.verify(a, b, c)'),
      ...using('services/callee/x.ts', 'ed25519.sign(a, b)'),
      ...using('services/callee/x.test.ts', 'ed25519.verify(a, b, c)'),
    ],
    caught: [
      ...using('services/callee/x.ts', 'ed25519.verify(a, b, c)'),
      ...using('services/common/evidence/x.ts', 'check(a, { zip215: false })'),
      ...using('scripts/images/layout/x.ts', 'ed25519.verify(a, b, c, {})'),
    ],
  },
  'only the rooms of a host know the container engine': {
    good: [
      ...using('scripts/release/x.ts', "f(['docker', 'ps'])"),
      ...using('services/common/host/x.ts', "f('docker inspect x')"),
      ...using('services/server-tools/x.ts', "f('docker compose run')"),
      ...using('scripts/platform/x.ts', "f('no engine: Docker is for hosts') // docker ps would"),
    ],
    caught: [
      ...using('services/callee/x.ts', "f(['docker', 'ps'])"),
      ...using('services/common/process/x.ts', "f('docker inspect x')"),
      ...using('scripts/platform/x.ts', 'f(`docker compose up`)'),
      ...using('scripts/session/x.ts', "f('docker')"),
      ...using('health/x.ts', "f('docker ps')"),
    ],
  },
  [pureRule]: {
    good: [
      ...loading('scripts/derive/x.ts', 'node:path', '@noble/hashes/sha3.js', './y.json'),
      { 'scripts/derive/x.ts': load('./y.ts'), 'scripts/derive/y.ts': '' },
      ...loading('scripts/derive/derive.ts', 'node:fs'),
      ...loading('scripts/derive/x.test.ts', 'node:fs'),
      ...loading('scripts/store/open.ts', 'node:fs'),
      ...using('scripts/derive/x.ts', "Bun.YAML.parse('')", 'new Date(0)', "'' // Bun.file says"),
      { 'scripts/derive/x.ts': type('./derive.ts'), 'scripts/derive/derive.ts': load('node:fs') },
    ],
    caught: [
      ...loading('scripts/derive/x.ts', 'node:fs', 'node:http', 'zx', 'mongodb', 'bun:sqlite'),
      ...loading('scripts/store/mongo-url.ts', 'node:fs'),
      ...using('scripts/derive/x.ts', "Bun.file('x')", "fetch('x')", 'new Date()', 'Math.random()'),
      ...using('scripts/derive/x.ts', 'process.argv', 'setTimeout(f, 1)', 'import.meta.dir', 'randomBytes(8)'),
      { 'scripts/derive/x.ts': load('../cli/y.ts'), 'scripts/cli/y.ts': 'export const a = Date.now()' },
      {
        'scripts/derive/x.ts': load('../cli/y.ts'),
        'scripts/cli/y.ts': load('./z.ts'),
        'scripts/cli/z.ts': load('node:fs'),
      },
    ],
  },
}

describe('planted imports are judged as the table says', () => {
  for (const [rule, { good, caught }] of Object.entries(table))
    test(rule, () => {
      const caughtBy = (planted: Planted) => judge(planted).some((breach) => breach.includes(`: ${rule} (`))
      expect(good.filter((planted) => judge(planted).length > 0)).toEqual([])
      expect(caught.filter((planted) => !caughtBy(planted))).toEqual([])
    })

  test('every rule has its planted violations', () => {
    const names = [...rules, ...orders].map(({ name }) => name)
    expect(Object.keys(table).sort()).toEqual([...names, crossRule, circleRule, pureRule].sort())
  })
})
