import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mongoStore } from '#common/store/mongo'
import { type MongoServer, serverKinds } from '../testing/peers/stores.ts'
import { fillHome, someContents } from './fixture.ts'

// Only a hang is ended by it.
const HANG = 600_000

const folder = mkdtempSync(join(tmpdir(), 'lucid-copy-mongo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const freshHome = () => `sqlite:${join(folder, `${made++}`)}`

const CHUNKS = 1500
const source = join(folder, 'source')
await fillHome(source, someContents(CHUNKS))

const run = async (...args: readonly string[]) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'store.ts'), ...args], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  // A slow machine gets lines of progress, which say nothing of the outcome.
  return { out, err: err.replaceAll(/^(?:copying|verifying) .*\n/gm, ''), code }
}
const copy = (from: string, to: string) => run('copy', '--from', from, '--to', to, '--json')
const hashes = (out: string): readonly string[] =>
  JSON.parse(out).collections.map(({ from }: { from: { hash: string } }) => from.hash)

/** Copies the chunks in a process that is killed once it has said so many lines. */
const killedAfter = async (to: string, lines: number) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'copy-child.fixture.ts'), `sqlite:${source}`, to], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  let output = ''
  for await (const part of child.stdout) {
    output += new TextDecoder().decode(part)
    if (output.split('\n').length > lines) child.kill('SIGKILL')
  }
  await child.exited
  return !output.includes('over')
}

for (const peer of await serverKinds(process.env)) {
  if ('absent' in peer) {
    console.log(`NOT RUN: store copy, ${peer.name}: ${peer.absent}`)
    test.skip(`store copy, ${peer.name}`, () => {})
    continue
  }
  describe(`store copy, ${peer.name}`, () => {
    let server: MongoServer
    beforeAll(async () => {
      server = await peer.start()
    }, HANG)
    afterAll(() => server.stop(), HANG)

    test(
      'from SQLite there, to another database, and back: the same hashes all the way',
      async () => {
        const [first, second] = [server.fresh(), server.fresh()]
        const steps = [
          [`sqlite:${source}`, first],
          [first, second],
          [second, freshHome()],
        ] as const
        const results: (readonly string[])[] = []
        for (const [from, to] of steps) {
          const { code, err, out } = await copy(from, to)
          expect([code, err]).toEqual([0, ''])
          results.push(hashes(out))
        }
        expect(results[1]).toEqual(results[0])
        expect(results[2]).toEqual(results[0])
        expect(new Set(results[0]).size).toBeGreaterThan(5)
      },
      HANG,
    )

    test(
      '$ copy, kill -9, three times, then to its end: equal, nothing twice',
      async () => {
        const to = server.fresh()
        for (const lines of [2, 5, 3]) expect(await killedAfter(to, lines)).toBe(true)
        const { code, err, out } = await copy(`sqlite:${source}`, to)
        // The other services were never begun; the encryptor's goes on.
        expect([code, err]).toEqual([0, ''])
        const chunks = JSON.parse(out).collections.find(
          ({ collection }: { collection: string }) => collection === 'encryptor_chunks',
        )
        expect(chunks).toMatchObject({ verdict: 'equal', to: { documents: CHUNKS } })
        expect(chunks.copied).toBeLessThan(CHUNKS)
      },
      HANG,
    )

    test(
      'a database with documents of its own is refused, a document that was changed is named',
      async () => {
        const [used, to] = [server.fresh(), server.fresh()]
        const nodes = { name: 'nodes', fields: {} }
        const touch = async (url: string, work: (store: ReturnType<typeof mongoStore>) => Promise<unknown>) => {
          const store = mongoStore({ url, owner: 'blockchain-vm' })
          await work(store)
          await store.close()
        }
        await touch(used, (store) => store.collection(nodes).insert({ id: 'mine' }))
        const refused = await copy(`sqlite:${source}`, used)
        expect(refused.code).toBe(1)
        expect(refused.err).toContain('nodes holds 1 documents that no copy brought there')

        await copy(`sqlite:${source}`, to)
        await touch(to, (store) => store.collection(nodes).replace({ id: 'ff' }, 1))
        const verified = await run('verify', '--from', `sqlite:${source}`, '--to', to)
        expect(verified.code).toBe(1)
        expect(verified.out).toContain('blockchain-vm nodes: 1 document differs, first "ff"')
      },
      HANG,
    )
  })
}
