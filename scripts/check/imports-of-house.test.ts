import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '#services/catalog'
import { exceptions, importBreaches, rules } from './import-rules.ts'
import { importsOf } from './imports.ts'

const root = join(import.meta.dir, '..', '..')
const paths = [...new Bun.Glob('{services,scripts,health}/**/*.ts').scanSync({ cwd: root })].map((path) =>
  path.replaceAll('\\', '/'),
)
const sources = paths.map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') }))

test('the tree keeps the import rules', () => {
  expect(importBreaches(sources, catalog)).toEqual([])
})

test('the checker saw the tree: every service, and imports of both kinds', () => {
  const wanted = Object.keys(catalog).flatMap((name) =>
    ['env.ts', 'main.ts', 'routes.ts'].map((file) => `services/${name}/${file}`),
  )
  expect(wanted.filter((path) => !paths.includes(path))).toEqual([])
  const imports = sources.flatMap(importsOf)
  expect(sources.length).toBeGreaterThan(100)
  expect(imports.filter(({ kind }) => kind === 'run').length).toBeGreaterThan(200)
  expect(imports.filter(({ kind }) => kind === 'type').length).toBeGreaterThan(50)
})

test('every exception is still needed', () => {
  for (const [path, { rule }] of Object.entries(exceptions)) {
    const source = sources.find((file) => file.path === path)?.source ?? ''
    const elsewhere = path.replace(/\.ts$/, '-copy.ts')
    expect(importBreaches([{ path: elsewhere, source }], catalog).join()).toContain(rule)
  }
})

const needs = { caller: { needs: ['callee'] }, callee: { needs: [] }, stranger: { needs: [] } }
const breachesOf = (path: string, source: string) => importBreaches([{ path, source }], needs)

/** Path, source, and whether it is good, for each row of the table in STYLE.md. */
const planted: Readonly<Record<string, readonly (readonly [path: string, source: string, good: boolean])[]>> =
  {
    'services/catalog.ts': [
      ['services/catalog.ts', 'export const a = 1', true],
      ['services/catalog.ts', "import { a } from '#common/process/fault'; export const b = a", false],
      ['services/catalog.ts', "import type { Log } from '#common/process/log'", false],
    ],
    'services/common': [
      [
        'services/common/x.ts',
        "import { t } from 'elysia'; import { catalog } from '../catalog.ts'; f(t, catalog)",
        true,
      ],
      ['services/common/x.ts', "import { a } from '#services/callee/model'; f(a)", false],
      ['services/common/x.ts', "import type { A } from '../callee/model.ts'", false],
      ['services/common/x.test.ts', "import { a } from '#services/callee/model'; f(a)", false],
      ['services/common/x.ts', "import { a } from '#scripts/plan/x'; f(a)", false],
    ],
    'services/contracts': [
      ['services/contracts/x.ts', "import { a } from '#common/stream/bytes'; f(a)", true],
      ['services/contracts/x.ts', "import { a } from '#services/callee/model'; f(a)", false],
    ],
    'model.ts': [
      [
        'services/caller/model.ts',
        "import { t } from 'elysia'; import { H } from '#common/evidence/fields'; f(t, H)",
        true,
      ],
      ['services/caller/model.ts', "import { a } from './store.ts'; f(a)", false],
      ['services/caller/model.ts', "import type { Store } from '#common/store/store'", false],
      ['services/caller/model.ts', "import { Env } from './env.ts'; f(Env)", false],
    ],
    'the domain': [
      [
        'services/caller/tree.ts',
        "import { Fault } from '#common/process/fault'; import { a } from './leaf.ts'; f(Fault, a)",
        true,
      ],
      ['services/caller/tree.ts', "import { sha3 } from '@noble/hashes/sha3.js'; f(sha3)", true],
      ['services/caller/tree.ts', "import type { Store } from '#common/store/store'", true],
      ['services/caller/tree.ts', 'export const at = (now: () => number) => now() // Date.now() says', true],
      ...[
        'elysia',
        'mongodb',
        'zx',
        'bun:sqlite',
        'node:fs',
        'node:fs/promises',
        'node:net',
        '#common/store/sqlite',
        './env.ts',
      ].map((module) => ['services/caller/tree.ts', `import { a } from '${module}'; f(a)`, false] as const),
      ...[
        'Date.now()',
        'new Date()',
        'Math.random()',
        'crypto.randomUUID()',
        'Bun.env',
        'process.env',
        "fetch('x')",
      ].map((use) => ['services/caller/tree.ts', `export const a = ${use}`, false] as const),
      [
        'services/caller/tree.test.ts',
        "import { sqliteStore } from '#common/store/sqlite'; f(sqliteStore, Date.now())",
        true,
      ],
    ],
    'store.ts': [
      [
        'services/caller/store.ts',
        "import type { Store } from '#common/store/store'; import type { Root } from './model.ts'",
        true,
      ],
      [
        'services/caller/store.ts',
        "import { sqliteStore } from '#common/store/sqlite'; f(sqliteStore)",
        false,
      ],
      ['services/caller/store.ts', "import { Elysia } from 'elysia'; f(Elysia)", false],
      ['services/caller/store.ts', "import { Env } from './env.ts'; f(Env)", false],
    ],
    'routes.ts': [
      [
        'services/caller/routes.ts',
        "import { Root } from './model.ts'; import { service } from '#common/http/service'; f(Root, service)",
        true,
      ],
      ['services/caller/routes.ts', "import { MongoClient } from 'mongodb'; f(MongoClient)", false],
      ['services/caller/routes.ts', 'export const a = Bun.env', false],
      ['services/caller/routes.ts', "import { Env } from './env.ts'; f(Env)", false],
      ['services/caller/routes.ts', "import { root } from '../callee/tree.ts'; f(root)", false],
    ],
    'main.ts': [
      [
        'services/caller/main.ts',
        "import { start } from '#common/process/main'; import { Env } from './env.ts'; f(start, Env, Bun.env)",
        true,
      ],
      ['services/caller/main.ts', "import { a } from '#scripts/plan/x'; f(a)", false],
      ['services/caller/main.ts', "import { a } from '#services/callee/tree'; f(a)", false],
      ['services/caller/routes.ts', "import { a } from './main.ts'; f(a)", false],
      ['services/caller/main.test.ts', "import { a } from './main.ts'; f(a)", false],
      ['scripts/x.ts', "import '#services/caller/main'", false],
      ['services/common/x.ts', 'export const a = process.env', false],
      ['services/common/process/main.ts', 'export const a = Bun.env', true],
    ],
    fixtures: [
      [
        'services/caller/fixture.ts',
        "import { machine } from '#services/stranger/machine'; f(machine)",
        true,
      ],
      ['services/caller/x.test.ts', "import { a } from './fixture.ts'; f(a)", true],
      ['services/caller/x.ts', "import { a } from './fixture.ts'; f(a)", false],
      ['scripts/x.ts', "import { a } from './plan/x.fixture.ts'; f(a)", false],
      [
        'services/caller/routes.ts',
        "import { openGuard } from '#common/testing/testing'; f(openGuard)",
        false,
      ],
      [
        'services/caller/routes.test.ts',
        "import { openGuard } from '#common/testing/testing'; f(openGuard)",
        true,
      ],
    ],
    'service to service': [
      ['services/caller/vm.ts', "import type { Api } from '#services/callee/routes'", true],
      ['services/caller/vm.ts', "import type { Api as Callee } from '../callee/routes.ts'", true],
      ['services/caller/vm.ts', "import type { Root } from '#services/callee/routes'", false],
      ['services/caller/vm.ts', "import { type Root } from '#services/callee/routes'", false],
      ['services/caller/vm.ts', "export const a: import('../callee/routes.ts').Root = 1", false],
      ['services/caller/vm.ts', "import { routes } from '#services/callee/routes'; f(routes)", false],
      ['services/caller/vm.ts', "export { root } from '../callee/tree.ts'", false],
      ['services/caller/vm.ts', "export const a = () => import('../callee/tree.ts')", false],
      ['services/caller/vm.ts', "import type { Root } from '#services/callee/model'", false],
      ['services/caller/vm.ts', "import type { Api } from '#services/stranger/routes'", false],
      ['services/callee/vm.ts', "import type { Api } from '#services/caller/routes'", false],
      ['services/caller/vm.test.ts', "import { routes } from '#services/stranger/routes'; f(routes)", true],
    ],
    'scripts/plan and scripts/testing/bench': [
      [
        'scripts/plan/x.ts',
        "import { catalog } from '#catalog'; import { a } from './y.ts'; f(catalog, a)",
        true,
      ],
      ['scripts/plan/x.ts', "import type { Log } from '#common/process/log'", true],
      ['scripts/plan/x.ts', "import { parse } from '#common/evidence/tar'; f(parse)", true],
      ['scripts/plan/x.ts', "import { read } from '#common/evidence/file-edge'; f(read)", false],
      ['scripts/plan/x.test.ts', "import { test } from 'bun:test'; f(test)", true],
      ...['node:fs', 'zx', '#common/client', '../cli/fail.ts', 'node:http'].map(
        (module) => ['scripts/plan/x.ts', `import { a } from '${module}'; f(a)`, false] as const,
      ),
      ['scripts/commands/x.ts', "import { $ } from 'zx'; f($)", false],
      ['scripts/plan/x.test.ts', "import { readFileSync } from 'node:fs'; f(readFileSync)", false],
      ['scripts/plan/x.ts', "export const a = Bun.file('x')", false],
      ['scripts/plan/x.ts', "export const a = fetch('x')", false],
    ],
    'health/': [
      [
        'health/x.ts',
        "import { catalog } from '#catalog'; import { jsonLog } from '#common/process/log'; import { a } from './y.ts'; f(catalog, jsonLog, a)",
        true,
      ],
      ['health/x.ts', "import { probe } from '#common/host/probe'; f(probe)", true],
      ['health/x.ts', "import { watch } from '#common/host/watch/command'; f(watch)", true],
      ['health/x.ts', "import { ok } from '#common/http/client'; f(ok)", false],
      ['health/x.ts', "import type { Api } from '#services/callee/routes'", false],
      ['health/x.test.ts', "import { a } from '#services/callee/model'; f(a)", false],
      ['health/x.ts', "import { a } from '../cli/table.ts'; f(a)", false],
    ],
    'services/common/host/watch': [
      [
        'services/common/watch/x.ts',
        "import { stacks } from '#catalog'; import { clean } from '../probe.ts'; f(stacks, clean)",
        true,
      ],
      ['services/common/watch/x.ts', "import { Fault } from '../fault.ts'; f(Fault)", false],
      ['services/common/host/probe.ts', "import { client } from './client.ts'; f(client)", false],
      ['services/common/watch/x.test.ts', "import { serve } from '../testing-health.ts'; f(serve)", true],
    ],
  }

describe('planted imports are judged as the table says', () => {
  for (const [row, cases] of Object.entries(planted))
    test(row, () => {
      const wrong = cases.filter(([path, source, good]) => (breachesOf(path, source).length === 0) !== good)
      expect(wrong).toEqual([])
    })

  test('every rule has caught something', () => {
    const caught = Object.values(planted).flatMap((cases) =>
      cases.flatMap(([path, source]) => breachesOf(path, source)),
    )
    for (const { name } of rules) expect(caught.some((breach) => breach.includes(name))).toBe(true)
  })
})
