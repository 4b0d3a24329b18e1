import { afterAll, describe, expect, test } from 'bun:test'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ensureInstalled, installFault, missingPackages, wantedPackages } from './bootstrap.ts'
import { resolve as locate } from './imports.ts'

const root = resolve(import.meta.dir, '..', '..')
const bare = mkdtempSync(join(tmpdir(), 'lucid-bootstrap-'))
for (const file of ['package.json', 'bun.lock']) cpSync(join(root, file), join(bare, file))
afterAll(() => rmSync(bare, { recursive: true, force: true }))

test('a lock names folders and versions; what one system alone needs is left out', () => {
  const lock = `{
    "workspaces": { "": { "dependencies": { "a": "1.0.0" }, "devDependencies": { "@s/b": "2.0.0-rc.1" } } },
    "packages": {
      "a": ["a@1.0.0", "", { "dependencies": { "d": "4" }, "optionalDependencies": { "native": "5" } }, "sha512-x"],
      "@s/b": ["@s/b@2.0.0-rc.1", "", { "dependencies": { "a": "1", "@t/c": "3" } }, "sha512-x"],
      "@s/b/@t/c": ["@t/c@3.0.0", "", { "dependencies": { "d": "3" }, "peerDependencies": { "absent": "1" } }, "x"],
      "a/d": ["d@4.0.0", "", {}, "sha512-x"],
      "d": ["d@3.0.0", "", {}, "sha512-x"],
      "native": ["native@5.0.0", "", { "dependencies": { "libnative": "1" }, "os": "linux", "cpu": "x64" }, "x"],
      "libnative": ["libnative@1.0.0", "", {}, "sha512-x"],
    }
  }`
  expect(wantedPackages(lock)).toEqual([
    { folder: 'node_modules/a', version: '1.0.0' },
    { folder: 'node_modules/a/node_modules/d', version: '4.0.0' },
    { folder: 'node_modules/@s/b', version: '2.0.0-rc.1' },
    { folder: 'node_modules/@s/b/node_modules/@t/c', version: '3.0.0' },
    { folder: 'node_modules/d', version: '3.0.0' },
  ])
})

test('this checkout is complete, a bare one is not', () => {
  expect(missingPackages(root)).toEqual([])
  expect(missingPackages(bare).length).toBeGreaterThan(50)
})

test('where all is there nothing is installed', async () => {
  const said: string[] = []
  await ensureInstalled({ root, write: (text) => said.push(text) })
  expect(said).toEqual(['dependencies: all installed already\n'])
})

test('a given-up installation ends with the reason of the signal', async () => {
  const stop = new AbortController()
  const installing = ensureInstalled({ root: bare, write: () => {}, signal: stop.signal })
  stop.abort(new Error('told to stop'))
  expect(installing).rejects.toThrow('told to stop')
  await installing.catch(() => {})
})

describe('an installation that fails is told in one line', () => {
  test('without a way to a registry', () => {
    expect(installFault('error: DNSResolveFailed downloading tarball x@1\n\nerror: y', 1)).toBe(
      'the dependencies are not installed and no package registry can be reached (DNSResolveFailed downloading tarball x@1): connect this machine to the network or set its proxy, then try again',
    )
  })

  test('for any other reason', () => {
    expect(installFault('error: lockfile had changes, but lockfile is frozen\nnote: x', 1)).toBe(
      'the dependencies cannot be installed: lockfile had changes, but lockfile is frozen',
    )
    expect(installFault('', 139)).toBe('the dependencies cannot be installed: bun install ended with 139')
  })

  test('by the real installer, in a clone without node_modules', async () => {
    const code = `import { ensureInstalled } from '${join(import.meta.dir, 'bootstrap.ts')}'
      await ensureInstalled({ root: '.', write: (t) => process.stdout.write(t) }).catch((e) => console.log(e.message))`
    const child = Bun.spawn([process.execPath, '-e', code], {
      cwd: bare,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: bare,
        BUN_CONFIG_REGISTRY: 'http://127.0.0.1:1',
        BUN_INSTALL_CACHE_DIR: join(bare, 'cache'),
      },
      stdout: 'pipe',
    })
    const out = await new Response(child.stdout).text()
    expect(out).toStartWith('dependencies: installing ')
    expect(out).toContain('no package registry can be reached (ConnectionRefused')
  }, 60_000)
})

const transpiler = new Bun.Transpiler({ loader: 'ts' })

/** Every module that is loaded with an entry, before its first `await import()`. */
const loadedWith = (path: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(path)) return seen
  seen.add(path)
  if (!path.endsWith('.ts')) return seen
  for (const { path: specifier, kind } of transpiler.scanImports(readFileSync(join(root, path), 'utf8')))
    if (kind === 'import-statement') loadedWith(locate(path, specifier), seen)
  return seen
}

test('demo and bootstrap load nothing but built-ins and our own files', () => {
  for (const entry of ['scripts/demo/demo.ts', 'scripts/check/bootstrap.ts']) {
    const foreign = [...loadedWith(entry)].filter((path) => !/^(?:node:|(?:scripts|services)\/)/.test(path))
    expect(foreign).toEqual([])
  }
  expect(loadedWith('scripts/demo/demo.ts')).toContain('scripts/cli/run-command.ts')
})
