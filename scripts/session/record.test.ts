import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { homeAt } from '../platform/home.ts'
import { endAll, findLeftovers } from '../platform/leftovers.ts'
import { RECORDING } from '../platform/source.ts'

/** The commands as people type them, on real services. Nothing here depends on how fast a machine is. */
setDefaultTimeout(5 * 60_000)

const home = homeAt(mkdtempSync(join(tmpdir(), 'lucid-record-')))

/** All that came of a stream so far, and a way to wait for words in it. */
const follow = (stream: ReadableStream<Uint8Array>) => {
  let text = ''
  const ended = (async () => {
    const decoder = new TextDecoder()
    for await (const bytes of stream) text += decoder.decode(bytes, { stream: true })
    return text
  })()
  return {
    ended,
    until: async (words: RegExp): Promise<string> => {
      for (;;) {
        const [found] = words.exec(text) ?? []
        if (found !== undefined) return found
        await Bun.sleep(20)
      }
    },
  }
}

const start = (name: string, ...args: readonly string[]) => {
  const child = Bun.spawn([process.execPath, entryFile(name), ...args], {
    env: { ...process.env, LUCID_HOME: home.root, NO_COLOR: '1' },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = [follow(child.stdout), follow(child.stderr)]
  const ended = Promise.all([out.ended, err.ended, child.exited]).then(([out, err, code]) => ({ out, err, code }))
  return { child, out, err, ended }
}
const run = (name: string, ...args: readonly string[]) => start(name, ...args).ended
const sessions = async (...args: readonly string[]) => JSON.parse((await run('sessions', ...args, '--json')).out)

beforeAll(async () => {
  const { code, err } = await run('up', ...RECORDING, '--ports', 'free', '--detach')
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
})
afterAll(async () => {
  await run('down')
  await endAll(findLeftovers(home), 5_000)
  rmSync(home.root, { recursive: true, force: true })
})

const program = (code: string) => ['--', process.execPath, '-e', code]
const ID = /[0-9a-f]{8}-[0-9a-f-]{27}/

describe('a program that is recorded', () => {
  test('and ends with 0 is complete', async () => {
    const { out, code } = await run('record', '--json', ...program("process.stdout.write('x'.repeat(100000))"))
    expect(JSON.parse(out)).toMatchObject({ state: 'anchored', complete: true, gaps: [], bytes: 100_000, exit: 0 })
    expect(code).toBe(0)
  })

  test('and fails is sealed with all that it wrote, and the manifest says that it failed: 3', async () => {
    const { out, err, code } = await run(
      'record',
      ...program("process.stdout.write('half'); console.error('no camera\\x1b[2J'); process.exitCode = 7"),
    )
    expect(code).toBe(3)
    const id = /^session {6}([0-9a-f-]{36})\n/.exec(out)?.[1] ?? ''
    expect(out).toContain('NOT COMPLETE the producer exited with 7')
    expect(err).toContain(': no camera\\u001b[2J\n')
    const session = await sessions(id)
    expect(session).toMatchObject({ complete: false, total_plain: 4, chunk_count: 1 })
    expect(session.gaps).toMatchObject([{ at: 1, reason: 'the producer exited with 7' }])
  })

  test('and gives nothing is no recording: 66, and a document all the same', async () => {
    const { out, code } = await run('record', '--json', ...program('0'))
    expect(code).toBe(66)
    expect(JSON.parse(out)).toMatchObject({ complete: false, exit: 66, session_id: expect.any(String) })
    expect(JSON.parse((await run('record', '--json', '--', 'no-such-program-of-lucid')).out)).toMatchObject({
      session_id: null,
      exit: 66,
    })
  })

  test('is asked to end by the first signal, and is complete when it then ends in order', async () => {
    const listens = join(home.root, 'listens')
    const { child, err, ended } = start(
      'record',
      '--json',
      ...program(
        `process.on('SIGTERM', () => { process.stdout.write('end'); process.exit(0) }); process.stdout.write('begun'); Bun.write(${JSON.stringify(listens)}, ''); setInterval(() => {}, 1000)`,
      ),
    )
    const id = await err.until(ID)
    while (!(await Bun.file(listens).exists())) await Bun.sleep(20)
    child.kill('SIGTERM')
    expect(JSON.parse((await ended).out)).toMatchObject({ session_id: id, complete: true, bytes: 8 })
  })
})

describe('standard input', () => {
  test('under Ctrl-C: the id was printed first, all that was read is sealed, and the break is stated', async () => {
    const { child, out: printed, ended } = start('record', '--input', '-')
    const id = await printed.until(ID)
    child.stdin.write(new Uint8Array(3_000_000).fill(7))
    await child.stdin.flush()
    while ((await sessions(id)).state !== 'active') await Bun.sleep(50)
    child.kill('SIGINT')
    const { out, err, code } = await ended
    expect(code).toBe(3)
    expect(err).toContain('SIGINT: what was read is sent and sealed; again to leave at once')
    expect(out).toContain('NOT COMPLETE stopped by SIGINT before the end of its source')
    const session = await sessions(id)
    expect(session.gaps).toMatchObject([{ reason: 'stopped by SIGINT before the end of its source' }])
    while ((await sessions(id)).total_plain === undefined) await Bun.sleep(50)
    expect((await sessions(id)).total_plain).toBe(3_000_000)
  })

  test('under a second Ctrl-C: left at once, by the code of the signal', async () => {
    const { child, out, err } = start('record', '--input', '-')
    const id = await out.until(ID)
    child.kill('SIGINT')
    await err.until(/again to leave at once/)
    child.kill('SIGINT')
    expect(await child.exited).toBe(130)
    expect(await sessions(id)).toMatchObject({ id })
  })

  test('of a client that is killed: the session is listed, for the platform to end', async () => {
    const { child, out } = start('record', '--input', '-')
    const id = await out.until(ID)
    child.stdin.write('some bytes')
    await child.stdin.flush()
    child.kill('SIGKILL')
    await child.exited
    const { sessions: listed } = await sessions('--all')
    expect(listed.find((one: { id: string }) => one.id === id)).toMatchObject({ gaps: [] })
  })
})

describe('sessions', () => {
  test('are listed newest first, by state, a few or all, and one in full', async () => {
    const { sessions: all } = await sessions('--all')
    expect(all.length).toBeGreaterThan(3)
    const starts = all.map(({ started_at }: { started_at: number }) => started_at)
    expect(starts).toEqual(starts.toSorted((a: number, b: number) => b - a))
    expect((await sessions('--limit', '2')).sessions).toHaveLength(2)
    const { sessions: failed } = await sessions('--state', 'failed')
    expect(failed.every(({ state }: { state: string }) => state === 'failed')).toBe(true)
    const { out } = await run('sessions')
    expect(out.split('\n')[0]).toMatch(/^SESSION +OWNER +STATE +STARTED +DURATION +CHUNKS +BYTES +GAPS +BLOCK$/)
    const { out: one } = await run('sessions', all.at(-1).id)
    expect(one).toMatch(/^anchor +transaction [0-9a-f]{64} in block \d+$/m)
  })

  test('what is not there or not understood has its own exit code', async () => {
    expect((await run('sessions', crypto.randomUUID())).code).toBe(66)
    expect((await run('sessions', 'x')).code).toBe(64)
    expect((await run('sessions', '--all', '--limit', '3')).code).toBe(64)
  })
})
