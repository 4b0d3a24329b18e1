import { afterAll, describe, expect, test } from 'bun:test'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '#common/stream/bytes'
import { faultOf } from '#common/testing/faults'
import { chunkFolder } from './chunk-folder.ts'
import { ownFolder, sessionId } from './fixture.ts'

const { root, remove } = ownFolder()
afterAll(remove)

const session = sessionId()
const at = (name: string) => join(root, name)
const open = (name: string) => chunkFolder({ root: at(name), freeBytesKept: 0 })

describe('the folder of encrypted chunks', () => {
  test('names a chunk only when it is committed, and holds its parts in order', async () => {
    const folder = open('keep')
    const staged = await folder.stage(session, 7, 1, [utf8('head'), utf8('body')])
    expect(await faultOf(() => folder.read(session, 7))).toMatchObject({ kind: 'missing', code: 'no-such-chunk' })
    await staged.commit()
    expect(readdirSync(join(at('keep'), session))).toEqual(['000007.lcd'])
    expect(await folder.read(session, 7)).toEqual(utf8('headbody'))
  })

  test('is readable by nobody else', async () => {
    if (process.platform === 'win32') return
    const folder = open('rights')
    await (await folder.stage(session, 0, 1, [utf8('x')])).commit()
    expect(statSync(join(at('rights'), session)).mode & 0o777).toBe(0o700)
    expect(statSync(join(at('rights'), session, '000000.lcd')).mode & 0o777).toBe(0o600)
  })

  test('leaves nothing of a chunk that is discarded', async () => {
    const folder = open('discard')
    const staged = await folder.stage(session, 0, 1, [utf8('x')])
    await staged.discard()
    expect(readdirSync(join(at('discard'), session))).toEqual([])
  })

  test('gives the last reader a buffer of its own', async () => {
    const folder = open('own')
    await (await folder.stage(session, 0, 1, [utf8('same')])).commit()
    const first = await folder.read(session, 0)
    first.fill(0)
    expect(await folder.read(session, 0)).toEqual(utf8('same'))
  })

  test('refuses a chunk that would leave less free than is kept, and writes nothing', async () => {
    const folder = chunkFolder({ root: at('full'), freeBytesKept: Number.MAX_SAFE_INTEGER })
    expect(await faultOf(() => folder.stage(session, 0, 1, [utf8('x')]))).toMatchObject({
      kind: 'unavailable',
      code: 'disk-full',
      message: 'the disk is full; free space and the recording goes on',
      retryAfter: 5000,
    })
    expect(readdirSync(at('full'))).toEqual([])
  })

  test('sweeps what a crash left half-written and nothing else', async () => {
    const folder = open('sweep')
    await (await folder.stage(session, 0, 1, [utf8('whole')])).commit()
    await folder.stage(session, 1, 1, [utf8('half')])
    await folder.stage(sessionId(1), 0, 4, [utf8('half')])
    writeFileSync(join(at('sweep'), session, 'note.txt'), '')
    expect(await folder.sweep()).toBe(2)
    expect(await folder.sweep()).toBe(0)
    expect(readdirSync(join(at('sweep'), session)).toSorted()).toEqual(['000000.lcd', 'note.txt'])
    expect(readdirSync(join(at('sweep'), sessionId(1)))).toEqual([])
  })

  test('sweeps nothing where there is no folder yet', async () => {
    expect(await open('absent').sweep()).toBe(0)
  })
})
