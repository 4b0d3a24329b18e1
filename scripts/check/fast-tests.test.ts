import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { splitTests } from './fast-tests.ts'
import { parseFile } from './imports.ts'
import { readTree } from './read-tree.ts'

const root = join(import.meta.dir, '..', '..')
const spawn = "Bun.spawn([process.execPath, 'x.ts'])"
const split = (planted: Readonly<Record<string, string>>) =>
  splitTests(Object.entries(planted).map(([path, source]) => parseFile({ path, source })))

test('a test is slow that needs a peer, or starts a program of ours, however deep below it', () => {
  expect(
    split({
      'scripts/a/plain.test.ts': "import { a } from './a.ts'\na()",
      'scripts/a/a.ts': "import type { B } from './b.ts'\nexport const a = (): B => Bun.spawn(['true'])",
      'scripts/a/b.ts': `export type B = number\n${spawn}`,
      'scripts/a/real.peer.test.ts': '',
      'scripts/a/own.test.ts': spawn,
      'scripts/a/deep.test.ts': "import { c } from './c.fixture.ts'\nc()",
      'scripts/a/c.fixture.ts': "import './b.ts'\nexport const c = () => 1",
      'scripts/a/platform.test.ts': "import '../platform/unit.ts'",
      'scripts/platform/unit.ts': '',
    }),
  ).toEqual({
    fast: ['scripts/a/plain.test.ts'],
    slow: [
      'scripts/a/deep.test.ts',
      'scripts/a/own.test.ts',
      'scripts/a/platform.test.ts',
      'scripts/a/real.peer.test.ts',
    ],
  })
})

test('the fast loop has most files of this tree, and no test of two whole services', () => {
  const { fast, slow } = splitTests(readTree(root))
  expect(fast.length).toBeGreaterThan(3 * slow.length)
  expect(slow).toContain('scripts/testing/durability/durability.test.ts')
  expect(slow).toContain('services/common/http/main.test.ts')
  expect(existsSync(join(root, 'scripts/platform/unit.ts'))).toBe(true)
})
