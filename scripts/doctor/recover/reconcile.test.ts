import { afterAll, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { program, walkAll } from '../inspect/inside.ts'
import { reconcileFiles, reconcileVolume } from './reconcile.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-reconcile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const root = process.getuid?.() === 0
if (!root) console.log('NOT RUN: giving files to other users needs root (owners of volumes)')

/** As it runs on a host: as text, in a Bun that has nothing else. */
const away = async (code: string): Promise<unknown> => {
  const child = Bun.spawn([process.execPath, '-e', code], { cwd: folder, stdout: 'pipe', stderr: 'inherit' })
  return JSON.parse(await new Response(child.stdout).text())
}

const walk = (path: string, uid: number) =>
  away(program(walkAll, { volumes: [{ name: 'v', path, uid }], logs: '', markFile: 'mark' }))

test.skipIf(!root)('a volume is seen as it is, and given to its owner with all in it, once', async () => {
  const volume = join(folder, 'volume')
  mkdirSync(join(volume, 'a', 'b'), { recursive: true })
  writeFileSync(join(volume, 'a', 'b', 'deep'), 'deep')
  mkdirSync(join(volume, 'lost+found'))
  const outside = join(folder, 'outside')
  writeFileSync(outside, 'not in it')
  symlinkSync(outside, join(volume, 'link'))
  for (const path of ['', 'a', 'a/b']) chownSync(join(volume, path), 65532, 65532)
  chmodSync(join(volume, 'a'), 0o500)

  expect(await walk(volume, 65532)).toMatchObject({
    volumes: [
      {
        uid: 65532,
        entries: 4,
        foreign: 2,
        closed: 1,
        closedPaths: ['a (500)'],
        cut: false,
        largest: [{ path: 'a/b/deep', size: 4 }],
      },
    ],
  })
  const reconcile = () => away(program(reconcileVolume, { path: volume, uid: 65532, gid: 65532 }))
  expect(await reconcile()).toEqual({ changed: 3 })
  expect(await walk(volume, 65532)).toMatchObject({ volumes: [{ foreign: 0, closed: 0 }] })
  expect(await reconcile()).toEqual({ changed: 0 })
  expect(statSync(outside).uid).toBe(0)
  expect(statSync(join(volume, 'lost+found')).uid).toBe(0)
})

test.skipIf(!root)(
  'a secret becomes its service’s alone, another file readable, and what is gone stays gone',
  async () => {
    const [secret, shared] = [join(folder, 'secret'), join(folder, 'shared')]
    writeFileSync(secret, 'key', { mode: 0o644 })
    writeFileSync(shared, '{}', { mode: 0o600 })
    const files = [
      { path: secret, uid: 999, secret: true },
      { path: shared, uid: 65532, secret: false },
      { path: join(folder, 'gone'), uid: 65532, secret: true },
    ]
    expect(await away(program(reconcileFiles, files))).toEqual({ changed: 2 })
    expect(statSync(secret)).toMatchObject({ uid: 999, mode: 0o100400 })
    expect(statSync(shared)).toMatchObject({ uid: 0, mode: 0o100644 })
    expect(await away(program(reconcileFiles, files))).toEqual({ changed: 0 })
  },
)
