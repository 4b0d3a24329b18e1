import { afterAll, expect, test } from 'bun:test'
import { closeSync, openSync } from 'node:fs'
import { appendFile, chmod, mkdir, mkdtemp, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileInput } from './file-input.ts'

const folder = await mkdtemp(join(tmpdir(), 'lucid-file-input-'))
afterAll(() => rm(folder, { recursive: true }))

let count = 0
const SIZE = 3_000_000
const long = new Date(Date.now() - 60_000)
/** A file that nobody has written to for a minute. */
const makeFile = async (byte = 1): Promise<string> => {
  const path = join(folder, `${++count}.bin`)
  await writeFile(path, new Uint8Array(SIZE).fill(byte))
  await utimes(path, long, long)
  return path
}
const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).bytes()

test('a file that stays as it is: all of it, from any place, and no fault', async () => {
  const input = await fileInput(await makeFile())
  expect(input.size).toBe(SIZE)
  expect((await read(input.from(0))).length).toBe(SIZE)
  expect((await read(input.from(SIZE - 7))).length).toBe(7)
  expect((await read(input.from(SIZE))).length).toBe(0)
  expect(await input.fault()).toBeUndefined()
  await input.close()
})

/** What happens to a file after a part of it was sent, and what is said of it. */
const changes: Readonly<Record<string, readonly [change: (path: string) => Promise<unknown>, fault: RegExp]>> = {
  'another one is renamed over it': [
    async (path) => rename(await makeFile(2), path),
    /^another file took the place of the file/,
  ],
  'it is taken away': [(path) => rm(path), /^the file was taken away/],
  'it is renamed': [(path) => rename(path, `${path}.old`), /^the file was taken away/],
  'it grows': [(path) => appendFile(path, 'more'), /^the file grew from 3000000 to 3000004 bytes/],
  'it is cut': [(path) => truncate(path, SIZE - 1), /^the file was cut from 3000000 to 2999999 bytes/],
  'it is emptied and written again': [
    (path) => writeFile(path, new Uint8Array(SIZE).fill(2)),
    /^the file was written to/,
  ],
  'it is written again, and its time put back': [
    async (path) => {
      await writeFile(path, new Uint8Array(SIZE).fill(2))
      await utimes(path, long, long)
    },
    /^the file or its attributes were changed/,
  ],
}
for (const [what, [change, fault]] of Object.entries(changes))
  test(`${what} while it is recorded: stated`, async () => {
    const path = await makeFile()
    const input = await fileInput(path)
    await read(input.from(0))
    await change(path)
    expect(await input.fault()).toMatch(fault)
    await input.close()
  })

test('two files never become one recording: what is given again is the file that was opened', async () => {
  const path = await makeFile(1)
  const input = await fileInput(path)
  await rename(await makeFile(2), path)
  const again = await read(input.from(1_500_000))
  expect(again.length).toBe(1_500_000)
  expect(again.every((byte) => byte === 1)).toBe(true)
  await input.close()
})

test('a file that is cut while it is read ends where it was cut', async () => {
  const path = await makeFile()
  const input = await fileInput(path)
  await truncate(path, 10)
  expect((await read(input.from(0))).length).toBe(10)
  expect(await input.fault()).toMatch(/^the file was cut from 3000000 to 10 bytes/)
  await input.close()
})

test('stopped, it gives what was read and says why it is not all', async () => {
  const input = await fileInput(await makeFile())
  const reader = input.from(0).getReader()
  await reader.read()
  input.stop('stopped by SIGINT')
  while (!(await reader.read()).done);
  expect(await input.fault()).toBe('stopped by SIGINT')
  await input.close()
})

test('a file that was written to just now is looked at once more, a little later', async () => {
  const path = join(folder, 'fresh.bin')
  await writeFile(path, 'one')
  const input = await fileInput(path)
  await read(input.from(0))
  const looked = input.fault()
  await appendFile(path, 'two')
  expect(await looked).toMatch(/^the file grew from 3 to 6 bytes/)
  await input.close()
})

test.skipIf(process.platform !== 'linux')('a file that somebody writes to is refused, with what to do', async () => {
  const path = await makeFile()
  const writer = openSync(path, 'a')
  await expect(fileInput(path)).rejects.toMatchObject({
    exitCode: 66,
    message: expect.stringContaining(`open for writing by process ${process.pid}`),
  })
  closeSync(writer)
  await (await fileInput(path)).close()
})

test('what is no recording is refused before a session is opened: 66', async () => {
  const empty = join(folder, 'empty')
  await writeFile(empty, '')
  await mkdir(join(folder, 'inner'))
  for (const [path, words] of [
    [join(folder, 'none'), 'there is no file'],
    [join(folder, 'inner'), 'is not a file'],
    [empty, 'is empty'],
  ] as const)
    await expect(fileInput(path)).rejects.toMatchObject({ exitCode: 66, message: expect.stringContaining(words) })
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read is refused: 66', async () => {
  const path = await makeFile()
  await chmod(path, 0)
  await expect(fileInput(path)).rejects.toMatchObject({ exitCode: 66 })
  expect((await stat(path)).size).toBe(SIZE)
})
