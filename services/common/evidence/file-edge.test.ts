import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm, stat, symlink, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { fileReader, fileSink } from './file-edge.ts'

const folder = await mkdtemp(join(tmpdir(), 'lucid-edge-'))
afterAll(() => rm(folder, { recursive: true }))

test('a reader gives exactly the bytes asked for, and a fault beyond the end', async () => {
  await Bun.write(
    join(folder, 'read'),
    Uint8Array.from({ length: 100 }, (_, at) => at),
  )
  const reader = await fileReader(join(folder, 'read'))
  expect(reader.size).toBe(100)
  expect([...(await reader.read(97, 3))]).toEqual([97, 98, 99])
  expect((await reader.read(100, 0)).length).toBe(0)
  expect(isFault(await faultOf(() => reader.read(98, 3)), 'read-beyond-end')).toBe(true)
  await reader.close()
})

test('a file that is not there and a folder are faults', async () => {
  expect(isFault(await faultOf(() => fileReader(join(folder, 'no'))), 'no-bundle')).toBe(true)
  expect(isFault(await faultOf(() => fileReader(folder)), 'not-a-file')).toBe(true)
})

test.skipIf(process.platform === 'win32')('a pipe that nobody writes to is no file, and holds nobody', async () => {
  const pipe = join(folder, 'pipe')
  expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0)
  expect(isFault(await faultOf(() => fileReader(pipe)), 'not-a-file')).toBe(true)
})

test('a file that becomes shorter while it is read is a fault of reading', async () => {
  const path = join(folder, 'shrinks')
  await Bun.write(path, new Uint8Array(100))
  const reader = await fileReader(path)
  await truncate(path, 10)
  expect(isFault(await faultOf(() => reader.read(0, 100)), 'bundle-read-failed')).toBe(true)
  await reader.close()
})

test('a sink shows its file only when it is complete, to its owner alone', async () => {
  const path = join(folder, 'out')
  const sink = await fileSink(path)
  await sink.write(Uint8Array.of(1, 2))
  await sink.write(Uint8Array.of(3))
  expect(await Bun.file(path).exists()).toBe(false)
  await sink.commit()
  expect([...(await Bun.file(path).bytes())]).toEqual([1, 2, 3])
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('an aborted sink leaves nothing behind', async () => {
  const sink = await fileSink(join(folder, 'aborted'))
  await sink.write(Uint8Array.of(1))
  await sink.abort()
  expect((await readdir(folder)).filter((name) => name.includes('abort') || name.endsWith('.part'))).toEqual([])
})

test('nothing is overwritten, neither at the start nor in the meantime', async () => {
  const path = join(folder, 'taken')
  const sink = await fileSink(path)
  await Bun.write(path, 'mine')
  expect(isFault(await faultOf(() => fileSink(path)), 'out-exists')).toBe(true)
  expect(isFault(await faultOf(() => sink.commit()), 'out-exists')).toBe(true)
  expect(await Bun.file(path).text()).toBe('mine')
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  expect(isFault(await faultOf(() => fileSink(join(folder, 'no', 'x'))), 'out-unwritable')).toBe(true)
  if (process.platform === 'win32') return
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling'))
  expect(isFault(await faultOf(() => fileSink(join(folder, 'dangling'))), 'out-exists')).toBe(true)
})
