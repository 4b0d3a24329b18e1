import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MARK_FILE } from '#common/host/volume-mark'
import { marks, marksSpec } from './marks.ts'
import { volumeAt } from './volume.ts'

const root = mkdtempSync(join(tmpdir(), 'lucid-marks-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const installation = '01234567-89ab-4cde-8f01-23456789abcd'
const uid = process.getuid?.() ?? 1
// The user of a volume is never root: it is only in this test, where root alone may give files away.
const volumes = ['data', 'db'].map((name) => ({ name, uid: Math.max(uid, 1) }))
const volumeOf = (name: string) => volumeAt(join(root, name))
const look = () => marks({ volumes }, { volumeOf, mode: 'look' }).volumes

test('a volume without a mark is told from one of this host, of another, of another volume, and of nobody', () => {
  for (const { name } of volumes) mkdirSync(join(root, name))
  mkdirSync(join(root, 'data', 'lost+found'))
  writeFileSync(join(root, 'db', 'WiredTiger'), 'x')
  expect(look()).toEqual([
    { name: 'data', mark: 'none', entries: 0 },
    { name: 'db', mark: 'none', entries: 1 },
  ])
  const made = marks({ volumes, installation }, { volumeOf, mode: 'change' })
  expect(made).toEqual({
    ok: true,
    volumes: [
      { name: 'data', mark: { v: 1, installation, volume: 'data' }, entries: 0 },
      { name: 'db', mark: { v: 1, installation, volume: 'db' }, entries: 1 },
    ],
  })
  expect(look()).toEqual(made.volumes)
  expect(statSync(join(root, 'data', MARK_FILE)).mode & 0o777).toBe(0o444)
  expect(statSync(join(root, 'data')).uid).toBe(Math.max(uid, 1))
  // Copied from one volume to the other it says where it was.
  const theirs = readFileSync(join(root, 'db', MARK_FILE), 'utf8')
  rmSync(join(root, 'data', MARK_FILE))
  writeFileSync(join(root, 'data', MARK_FILE), theirs)
  expect(look()[0]?.mark).toEqual({ v: 1, installation, volume: 'db' })
})

test('what is no mark is none, whatever it is: half a file, a link out of the volume, a folder, another format', () => {
  const path = join(root, 'data', MARK_FILE)
  const outside = join(root, 'outside')
  writeFileSync(outside, JSON.stringify({ v: 1, installation, volume: 'data' }))
  for (const put of [
    () => writeFileSync(path, '{"v":1,"instal'),
    () => symlinkSync(outside, path),
    () => mkdirSync(path),
    () => writeFileSync(path, JSON.stringify({ v: 2, installation, volume: 'data' })),
    () => writeFileSync(path, JSON.stringify({ v: 1, installation: '../..', volume: 'data' })),
  ]) {
    rmSync(path, { recursive: true, force: true })
    put()
    expect(look()[0]?.mark).toBe('unreadable')
  }
})

test('a document that is no list of volumes is refused', () => {
  expect(() => marksSpec('{"volumes":[{"name":"../etc","uid":1}]}')).toThrow('no list of volumes')
  expect(marksSpec('{"volumes":[]}')).toEqual({ volumes: [] })
})
