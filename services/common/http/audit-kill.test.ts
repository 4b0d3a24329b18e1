import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyHead } from '../audit/head.ts'
import { sqliteStore } from '../store/sqlite.ts'
import type { Declaration } from '../store/store.ts'
import { AUDIT_KEY, auditOn, readAll, streamFault } from '../testing/audit-contract.ts'
import { isFull } from '../testing/extent.ts'

// Only a hang is ended by it.
setDefaultTimeout(600_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ROUNDS = isFull ? 200 : 6
const AT_ONCE = 8
const DONE: Declaration<{ readonly id: string }> = { name: 'done', fields: {} }
if (!isFull) console.log(`NOT RUN: only with --full (200 rounds of SIGKILL; here ${ROUNDS})`)

/** Starts the service, asks with eight at once, and kills it after so many answers; which were answered. */
const round = async (n: number): Promise<readonly string[]> => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'audit-kill.fixture.ts'), folder], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const { value } = await child.stdout.getReader().read()
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`
  const answered: string[] = []
  let asked = 0
  const ask = async (): Promise<void> => {
    for (;;) {
      const id = `${n}-${asked++}`
      const reply = await fetch(`${url}/do/${id}`, { method: 'POST' })
      if (reply.ok && ((await reply.json()) as { id: string }).id === id) answered.push(id)
      // In the middle of what the others ask.
      if (answered.length >= (n * 7) % 60) child.kill('SIGKILL')
    }
  }
  await Promise.allSettled(Array.from({ length: AT_ONCE }, ask))
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
  return answered
}

test('a service that is killed at any moment has every action that it answered in one whole chain', async () => {
  const answered: string[] = []
  let alone = 0
  for (let n = 1; n <= ROUNDS; n++) {
    answered.push(...(await round(n)))
    const store = sqliteStore({ path: join(folder, 'store.sqlite') })
    const stream = auditOn(store)
    const entries = await readAll(stream)
    expect(streamFault(entries)).toBeUndefined()
    const written = entries.map(({ params }) => params['id'])
    expect(answered.filter((id) => !written.includes(id))).toEqual([])
    expect(new Set(written).size).toBe(written.length)
    // The other way: no entry says what was not done, and without one is only what the kill left unanswered.
    const acts = (await store.collection(DONE).find({})).map(({ id }) => id)
    expect(written.filter((id) => !acts.includes(String(id)))).toEqual([])
    const without = acts.filter((id) => !written.includes(id))
    expect(without.length - alone).toBeLessThanOrEqual(AT_ONCE)
    alone = without.length
    expect(verifyHead(await stream.head(), AUDIT_KEY)).toBe(true)
    await store.close()
  }
  expect(answered.length).toBeGreaterThan(ROUNDS)
  console.log(
    `${ROUNDS} kills: ${answered.length} answered, all in the stream; ${alone} done and neither answered nor in it`,
  )
})
