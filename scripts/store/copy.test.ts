import { afterAll, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFault } from '#common/process/fault'
import { sqliteStore } from '#common/store/sqlite'
import type { Declaration, Doc } from '#common/store/store'
import { copyService } from './copy.ts'
import { findEndpoint } from './endpoint.ts'
import { fileIn, fillHome, oddIncidents, someContents } from './fixture.ts'
import type { End } from './layout.ts'
import { parseLocation } from './location.ts'
import { compareIds, type PageLimits } from './reader.ts'
import { loadCollections, survey } from './survey.ts'
import { type Row, verifyService } from './verify.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-copy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const fresh = () => join(folder, `${made++}`)

const service = 'session-encryptor' as const
const limits: PageLimits = { documents: 50, bytes: 100_000 }
const collections = (await loadCollections([service])).flatMap((one) => one.collections)

const side = (root: string, end: End, bounds = limits) => {
  const parsed = parseLocation(`sqlite:${root}`)
  if ('mistake' in parsed) throw new Error(parsed.mistake)
  return findEndpoint(parsed.location, { end, services: [service], ambient: {}, limits: bounds })
}
const endsOf = (from: string, to: string, bounds?: PageLimits) => ({
  from: side(from, 'source', bounds),
  to: side(to, 'target', bounds),
})
const surveyOf = async (from: string, to: string) => survey({ service, collections }, endsOf(from, to))
const copy = async (from: string, to: string) => {
  const ends = endsOf(from, to)
  const plan = await surveyOf(from, to)
  return verifyService(plan, ends, { copied: await copyService(plan, ends) })
}
const hashes = (rows: readonly Row[]) => rows.map(({ collection, from }) => [collection, from.hash])
const verdicts = (rows: readonly Row[]) => [...new Set(rows.map(({ verdict }) => verdict))]
const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing went wrong',
    (error: Error) => error.message,
  )
const filled = async (chunks = 500) => {
  const root = fresh()
  await fillHome(root, someContents(chunks))
  return root
}

/** Changes a store behind everybody's back. */
const tamper = async <T extends Doc>(
  root: string,
  declaration: Declaration<T>,
  change: (own: ReturnType<ReturnType<typeof sqliteStore>['collection']>) => Promise<unknown>,
) => {
  const store = sqliteStore({ path: fileIn(root, service) })
  await change(store.collection(declaration as unknown as Declaration<Doc>))
  await store.close()
}
const chunks = collections.find(({ name }) => name === 'encryptor_chunks') as Declaration<Doc>

test('a copy there and back is the same store: documents, revisions and hashes', async () => {
  const from = await filled()
  const [there, back] = [fresh(), fresh()]
  const first = await copy(from, there)
  expect(verdicts(first)).toEqual(['equal'])
  expect(first.map(({ collection, from, copied }) => [collection, from.documents, copied])).toEqual([
    ['encryptor_sessions', 1, 1],
    ['encryptor_chunks', 500, 500],
    ['encryptor_incidents', 6, 6],
    ['audit_log', 0, 0],
    ['audit_heads', 0, 0],
    ['schema', 0, 0],
  ])
  const second = await copy(there, back)
  expect(hashes(second)).toEqual(hashes(first))
  const store = sqliteStore({ path: fileIn(back, service) })
  const kept = await store.collection<Doc>({ name: 'encryptor_incidents', fields: {} }).find()
  await store.close()
  const order = oddIncidents.toSorted((a, b) => compareIds(a.id, b.id))
  expect(kept).toEqual(JSON.parse(JSON.stringify(order)))
})

test('a source is only read: no byte of its file changes', async () => {
  const from = await filled(50)
  const file = fileIn(from, service)
  const before = Bun.hash(readFileSync(file))
  await copy(from, fresh())
  expect(Bun.hash(readFileSync(file))).toBe(before)
  expect(existsSync(join(from, 'run'))).toBe(false)
})

test('a target is looked at without being made', async () => {
  const [from, to] = [await filled(50), fresh()]
  const { found, state } = await surveyOf(from, to)
  expect(state).toBe('new')
  expect(found.map(({ total, kept }) => [total, kept])).toEqual([
    [1, 0],
    [50, 0],
    [6, 0],
    // The audit log, its heads and the version.
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  expect(existsSync(to)).toBe(false)
})

test('copied again, nothing is brought and all is verified', async () => {
  const [from, to] = [await filled(), fresh()]
  await copy(from, to)
  expect((await surveyOf(from, to)).state).toBe('done')
  const rows = await copy(from, to)
  expect(rows.map(({ copied, verdict }) => [copied, verdict])).toEqual(rows.map(() => [0, 'equal']))
})

const copyChild = (from: string, to: string) =>
  Bun.spawn([process.execPath, join(import.meta.dir, 'copy-child.fixture.ts'), `sqlite:${from}`, `sqlite:${to}`], {
    stdout: 'pipe',
    stderr: 'pipe',
  })

/** Runs the child until it has said so many lines, then kills it; answers whether it was over before. */
const copyUntil = async (from: string, to: string, lines: number) => {
  const child = copyChild(from, to)
  let output = ''
  for await (const part of child.stdout) {
    output += new TextDecoder().decode(part)
    if (output.split('\n').length > lines) child.kill('SIGKILL')
  }
  await child.exited
  return output.includes('over')
}

test('$ copy, kill -9, copy, kill -9, ...: each goes on where the last one stood, and nothing is there twice', async () => {
  const [from, to] = [await filled(2000), fresh()]
  let runs = 0
  const stood: number[] = []
  for (const lines of [1, 3, 2, 7, 1, 5, 4]) {
    runs += 1
    if (await copyUntil(from, to, lines)) break
    const { found, state } = await surveyOf(from, to)
    expect(state).toBe('goes-on')
    stood.push(found.reduce((sum, { kept }) => sum + kept, 0))
  }
  expect(runs).toBeGreaterThan(3)
  expect(stood).toEqual(stood.toSorted((a, b) => a - b))
  expect(stood.at(-1)).toBeGreaterThan(stood[0] ?? 0)
  const rows = await copy(from, to)
  expect(verdicts(rows)).toEqual(['equal'])
  expect(rows.find(({ collection }) => collection === 'encryptor_chunks')?.to.documents).toBe(2000)
})

test('a target with documents that no copy brought is refused, and stays as it is', async () => {
  const [from, to] = [await filled(50), fresh()]
  await tamper(to, chunks, (own) => own.insert({ id: 'mine', session: 's', index: 1 } as Doc))
  const file = readFileSync(fileIn(to, service))
  expect(await messageOf(copy(from, to))).toMatch(/encryptor_chunks holds 1 documents that no copy brought/)
  expect(readFileSync(fileIn(to, service)).equals(file)).toBe(true)
})

test('a target that was used after its copy began is refused', async () => {
  const from = await filled(500)
  for (const id of ['!', '~~~']) {
    const to = fresh()
    await copyUntil(from, to, 2)
    await tamper(to, chunks, (own) => own.insert({ id, session: 's', index: 1 } as Doc))
    expect(await messageOf(copy(from, to))).toContain('it has been used since, or changed')
  }
})

test('a copy of one source does not go on with another, nor with the same one after it changed', async () => {
  const [from, to, other] = [await filled(500), fresh(), await filled(400)]
  await copyUntil(from, to, 2)
  expect(await messageOf(copy(other, to))).toContain(`it holds a copy of another store (sqlite:${from})`)
  const moved = fresh()
  cpSync(from, moved, { recursive: true })
  expect((await surveyOf(moved, to)).state).toBe('goes-on')
  await tamper(from, chunks, (own) => own.insert({ id: 'more', session: 's', index: 1 } as Doc))
  expect(await messageOf(copy(from, to))).toContain('or of this one before it changed')
})

test('a document that was changed, taken or put in is named, with how many there are', async () => {
  const from = await filled(200)
  const [to, file] = [fresh(), (root: string) => fileIn(root, service)]
  await copy(from, to)
  const ids: string[] = []
  await tamper(from, chunks, async (own) => {
    for (const { id } of await own.find()) ids.push(id)
  })
  const [first = '', second = ''] = [ids[3], ids[90]]
  const damages: readonly (readonly [string, number, string, string])[] = [
    [
      `UPDATE c_encryptor_chunks SET body = replace(body, '8000000', '8000001') WHERE id = '${first}'`,
      1,
      first,
      'changed',
    ],
    [`UPDATE c_encryptor_chunks SET rev = rev + 1 WHERE id IN ('${first}', '${second}')`, 2, first, 'changed'],
    [`DELETE FROM c_encryptor_chunks WHERE id IN ('${first}', '${second}')`, 2, first, 'missing'],
    [
      `UPDATE c_encryptor_chunks SET id = '~', body = json_set(body, '$.id', '~') WHERE id = '${second}'`,
      2,
      second,
      'missing',
    ],
    [
      "UPDATE c_encryptor_chunks SET id = '!', body = json_set(body, '$.id', '!') WHERE id = (SELECT max(id) FROM c_encryptor_chunks)",
      2,
      '!',
      'extra',
    ],
  ]
  for (const [sql, count, id, how] of damages) {
    const damaged = fresh()
    mkdirSync(join(damaged, 'data', service), { recursive: true })
    cpSync(file(to), file(damaged))
    const { Database } = await import('bun:sqlite')
    const db = new Database(file(damaged))
    db.run(sql)
    db.close()
    const ends = { from: side(from, 'source'), to: side(damaged, 'source') }
    const rows = await verifyService({ service, collections }, ends)
    expect(rows.filter(({ verdict }) => verdict !== 'equal')).toMatchObject([
      { collection: 'encryptor_chunks', verdict: 'differs', difference: { count, id, how } },
    ])
  }
})

test('a source that changes while it is copied is found out and named so', async () => {
  const [from, to] = [await filled(200), fresh()]
  const ends = endsOf(from, to)
  const plan = await surveyOf(from, to)
  const copied = await copyService(plan, ends)
  await tamper(from, chunks, (own) => own.insert({ id: 'late', session: 's', index: 1 } as Doc))
  const rows = await verifyService(plan, ends, { copied })
  expect(rows.filter(({ verdict }) => verdict !== 'equal')).toMatchObject([
    { collection: 'encryptor_chunks', verdict: 'source changed', difference: { id: 'late', how: 'missing' } },
  ])
})

test('a full target disk is told as one, and the next run goes on', async () => {
  const [from, to] = [await filled(2000), fresh()]
  const ends = endsOf(from, to)
  const small = { ...ends.to, write: async () => sqliteStore({ path: fileIn(to, service), maxBytes: 400_000 }) }
  const error = await copyService(await surveyOf(from, to), { ...ends, to: small }).catch((e) => e)
  expect(isFault(error, 'disk-full')).toBe(true)
  const { state, found } = await surveyOf(from, to)
  expect(state).toBe('goes-on')
  expect(found.find(({ collection }) => collection === 'encryptor_chunks')?.kept).toBeGreaterThan(50)
  expect(verdicts(await copy(from, to))).toEqual(['equal'])
})

test('two copies into one target: at most one gets to its end, and what is there is right', async () => {
  const [from, to] = [await filled(2000), fresh()]
  const both = [copyChild(from, to), copyChild(from, to)]
  const outputs = await Promise.all(both.map(({ stderr }) => new Response(stderr).text()))
  expect(outputs.filter((text) => text === '').length).toBeLessThan(2)
  expect(outputs.join('')).toMatch(/another copy is writing into this target|it has been used since/)
  expect(verdicts(await copy(from, to))).toEqual(['equal'])
})

test('a row that is kept under another id than its own is named, not copied', async () => {
  const from = await filled(10)
  const { Database } = await import('bun:sqlite')
  const db = new Database(fileIn(from, service))
  db.run("UPDATE c_encryptor_chunks SET id = '~' WHERE id = (SELECT max(id) FROM c_encryptor_chunks)")
  db.close()
  expect(await messageOf(copy(from, fresh()))).toContain('the document "~" in')
})

test('a collection that this release does not know is not left behind in silence', async () => {
  const [from, to] = [await filled(10), fresh()]
  await tamper(from, { name: 'of_tomorrow', fields: {} }, (own) => own.insert({ id: 'x' }))
  expect(await messageOf(copy(from, to))).toContain("a collection 'of_tomorrow' that this release does not know")
})

test('the schema record comes along, and a half-migrated source is refused', async () => {
  const [from, to] = [await filled(10), fresh()]
  const record = { name: 'schema', fields: {} }
  await tamper(from, record, (own) => own.insert({ id: 'schema', version: 3 } as Doc))
  const rows = await copy(from, to)
  expect(rows.find(({ collection }) => collection === 'schema')?.to.documents).toBe(1)
  await tamper(from, record, (own) => own.replace({ id: 'schema', in_progress: {} } as Doc, 1))
  expect(await messageOf(copy(from, fresh()))).toContain('half-migrated: bun run migrate finishes that first')
})
