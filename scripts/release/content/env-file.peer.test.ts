import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { stacks } from '#catalog'
import { live } from '../../cli/run.ts'
import { envValue } from '../../derive/env-example.ts'
import { repository } from '../../platform/home.ts'
import { enginePrograms } from '../../testing/peers/docker/programs.ts'
import { parseEnvFile } from './env-file.ts'

/** What Docker Compose itself reads from an env file, and what we read. */

const folder = mkdtempSync(join(tmpdir(), 'lucid-env-file-'))
const programs = await enginePrograms('classic')
if ('absent' in programs) console.log(`NOT RUN: ${programs.absent} (env files by Compose)`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf('absent' in programs)('an env file', () => {
  if ('absent' in programs) {
    test.skip(programs.absent, () => {})
    return
  }
  const byCompose = async (text: string): Promise<Readonly<Record<string, string>>> => {
    const env = join(folder, 'env')
    const file = join(folder, 'compose.json')
    writeFileSync(env, text)
    writeFileSync(file, JSON.stringify({ services: { one: { image: 'x', env_file: [env] } } }))
    const argv = [programs.compose, '--file', file, 'config', '--format', 'json'] as const
    const { code, out, err } = await live(argv, { env: { PATH: process.env['PATH'] ?? '', HOME: folder } })
    if (code !== 0) throw new Error(err)
    // Its output doubles each $, so that it could be read as a Compose file again.
    const read: Record<string, string> = JSON.parse(out).services.one.environment
    return Object.fromEntries(Object.entries(read).map(([key, value]) => [key, value.replaceAll('$$', '$')]))
  }

  test('that is derived means the same to Compose', async () => {
    for (const stack of stacks) {
      const text = readFileSync(join(repository, 'env', `.env.${stack}.example`), 'utf8')
      const ours = parseEnvFile(text)
      expect(ours.faults).toEqual([])
      expect(await byCompose(text)).toEqual({ ...ours.values })
    }
  })

  test('of any lines that we take means the same to Compose', async () => {
    const piece = fc.constantFrom('a', 'b c', '#', ' #', ' ', '\\', "'", '"', '\\n', '$', '=', '\t', ';', '`', 'é', '{')
    const body = fc.array(piece, { maxLength: 6 }).map((all) => all.join(''))
    const line = fc.oneof(
      body,
      body.map((text) => `'${text}'`),
      body.map((text) => `"${text}"`),
    )
    const lines = fc.sample(line, { numRuns: 5000, seed: 5 })
    const taken = lines
      .map((text, at) => `KEY_${at}=${text}`)
      .filter((text) => parseEnvFile(`${text}\n`).faults.length === 0)
    expect(taken.length).toBeGreaterThan(1500)
    const text = `${taken.join('\n')}\n`
    expect(await byCompose(text)).toEqual({ ...parseEnvFile(text).values })
  })

  test('holds what the derivation quotes', async () => {
    const values = ['a b', "it's", 'a # b', 'p$q', '"x"', "'", 'C:\\x y', '']
    const text = values.map((value, at) => `KEY_${at}=${envValue(value)}\n`).join('')
    const wanted = Object.fromEntries(values.map((value, at) => [`KEY_${at}`, value]))
    expect(await byCompose(text)).toEqual(wanted)
    expect(parseEnvFile(text)).toEqual({ values: wanted, faults: [] })
  })
})
