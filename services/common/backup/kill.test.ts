import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bench } from './fixture.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

/** Changes of the disk that a backup of the tree below makes, at least; more are looked for until none is left. */
const FULL = process.env['LUCID_FULL'] === '1'
const STEP = FULL ? 1 : 7
if (!FULL) console.log('NOT RUN: only with --full (a backup killed before every change of the disk; here every 7th)')

describe('a backup that is killed before any change of the disk', () => {
  test('leaves every earlier one whole, and the next goes on with what it stored', async () => {
    using place = await bench()
    const at = join(place.source, 'volumes', 'a')
    mkdirSync(at)
    const write = (round: number) => {
      for (let i = 0; i < 4; i++)
        writeFileSync(
          join(at, `${i}`),
          new Bun.CryptoHasher('sha512').update(`${round} ${i}`).digest('hex').repeat(9000),
        )
      writeFileSync(join(at, 'round'), `${round}`)
    }
    write(0)
    await place.backup()
    let points = 0
    for (let nth = 0; ; nth += STEP) {
      write(nth + 1)
      const { exitCode, signalCode } = Bun.spawnSync([
        process.execPath,
        join(import.meta.dir, 'kill.fixture.ts'),
        place.source,
        join(place.folder, 'repository'),
        join(place.folder, 'cache'),
        place.recipient,
        `${nth}`,
      ])
      const newest = await place.restore()
      expect(newest).toMatchObject({ ok: true, faults: [], warnings: [] })
      for (const snapshot of place.repository().names()) expect((await place.restore({ snapshot })).ok).toBe(true)
      if (exitCode === 0) {
        expect(readFileSync(join(newest.into, 'volumes/a/round'), 'utf8')).toBe(`${nth + 1}`)
        break
      }
      expect(signalCode).toBe('SIGKILL')
      points += 1
    }
    expect(points).toBeGreaterThan(4)
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 }
    const last = await place.backup({ keep })
    expect(place.repository().names()).toEqual([last.name])
    const left = readdirSync(join(place.folder, 'repository'), { recursive: true }).map(String)
    expect(left.filter((name) => name.endsWith('.part'))).toEqual([])
    expect(left.filter((name) => name.endsWith('.age')).length).toBe(
      1 + (place.repository().index(last.name)?.chunks.length ?? 0),
    )
  })
})
