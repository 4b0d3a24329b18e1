import { afterAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ensureInstalled, installFault } from './bootstrap.ts'
import { resolve as locate } from './imports.ts'

const root = resolve(import.meta.dir, '..', '..')
const bare = mkdtempSync(join(tmpdir(), 'lucid-bootstrap-'))
for (const file of ['package.json', 'bun.lock']) cpSync(join(root, file), join(bare, file))
afterAll(() => rmSync(bare, { recursive: true, force: true }))

test('where all is there nothing is installed', async () => {
  const said: string[] = []
  await ensureInstalled({ root, write: (text) => said.push(text) })
  expect(said).toEqual(['dependencies: all installed already\n'])
})

test('what is gone is installed again, and once it is there nothing is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-install-'))
  mkdirSync(join(folder, 'a'))
  writeFileSync(join(folder, 'a', 'package.json'), '{"name":"a","version":"1.0.0"}')
  writeFileSync(join(folder, 'package.json'), '{"name":"x","dependencies":{"a":"file:./a"}}')
  await Bun.spawn([process.execPath, 'install'], { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] }).exited
  const ensure = () => ensureInstalled({ root: folder, write: () => {} })
  const there = join(folder, 'node_modules', 'a', 'package.json')
  expect(await ensure()).toBe(false)
  rmSync(join(folder, 'node_modules', 'a'), { recursive: true })
  expect([await ensure(), existsSync(there), await ensure()]).toEqual([true, true, false])
  rmSync(folder, { recursive: true })
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

test('every other command says on a fresh clone what to do first, for its help as well', async () => {
  for (const part of ['scripts', 'services', 'health', 'bunfig.toml', 'tsconfig.json'])
    cpSync(join(root, part), join(bare, part), { recursive: true, filter: (path) => !/\.test\.ts$|vectors/.test(path) })
  const { scripts } = (await Bun.file(join(root, 'package.json')).json()) as { scripts: Record<string, string> }
  const programs = Object.entries(scripts).filter(
    ([name, line]) => /^bun /.test(line) && !/^(?:demo|check)$/.test(name),
  )
  expect(programs.length).toBeGreaterThan(30)
  for (const [name, line] of [...programs, ['the watch', 'bun health/check.ts']] as const) {
    const child = Bun.spawn([process.execPath, ...line.split(' ').slice(1), '--help'], {
      cwd: bare,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    expect({ name, out, err, code }).toEqual({
      name,
      out: '',
      err: 'the dependencies are not installed: run bun install --frozen-lockfile first\n',
      code: 78,
    })
  }
}, 120_000)

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

test('what runs before the install loads nothing but built-ins and our own files', () => {
  for (const entry of ['scripts/demo/demo.ts', 'scripts/check/bootstrap.ts', 'scripts/check/require-installed.ts']) {
    const foreign = [...loadedWith(entry)].filter(
      (path) => !/^(?:node:|package\.json$|(?:scripts|services)\/)/.test(path),
    )
    expect(foreign).toEqual([])
  }
  expect(loadedWith('scripts/demo/demo.ts')).toContain('scripts/cli/run-command.ts')
})
