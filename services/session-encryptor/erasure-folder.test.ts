import { afterAll, expect, test } from 'bun:test'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault, isFault } from '#common/process/fault'
import { sqliteStore } from '#common/store/sqlite'
import { faultOf } from '#common/testing/faults'
import { derived } from '#common/testing/sample-session'
import { erasures } from './erasure-folder.ts'
import { OWNER } from './fixture.ts'
import { sessions } from './sessions.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-erasures-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SESSION = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
const MASTER_KEY = derived(1, 'master')
const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))

const open = (name: string) => {
  const store = sqliteStore({ path: join(folder, name, 'store.sqlite') })
  const marks = erasures(join(folder, 'erased'))
  return { store, marks, all: sessions({ store, masterKey: MASTER_KEY, random, markErased: marks.mark }) }
}

test('a key that was destroyed is destroyed again when an older store brings it back, and no other is', async () => {
  const now = open('now')
  const other = crypto.randomUUID()
  for (const session of [SESSION, other]) await now.all.create({ session, owner: OWNER, chunk_size: 1000 })
  await now.store.close()
  cpSync(join(folder, 'now'), join(folder, 'before'), { recursive: true })

  const later = open('now')
  expect(await later.all.erase(SESSION, 1)).toBe(true)
  expect(await later.all.erase(SESSION, 2)).toBe(false)
  expect(await later.marks.repeat((session) => later.all.erase(session, 3))).toBe(0)
  await later.store.close()

  const restored = open('before')
  expect((await restored.all.key(SESSION)).length).toBe(32)
  expect(await restored.marks.repeat((session) => restored.all.erase(session, 3))).toBe(1)
  const fault = await faultOf(() => restored.all.key(SESSION))
  expect(isFault(fault, 'key-erased')).toBe(true)
  expect((await restored.all.key(other)).length).toBe(32)
  await restored.store.close()
})

test('a mark of a session that the older store has not stands in nobody’s way, other failures do', async () => {
  const { marks } = open('third')
  marks.mark(SESSION)
  const fails = (fault: Fault) => () => Promise.reject(fault)
  expect(await marks.repeat(fails(new Fault('missing', 'no-such-session', 'none')))).toBe(0)
  await expect(marks.repeat(fails(new Fault('unavailable', 'disk-error', 'broken')))).rejects.toThrow('broken')
})
