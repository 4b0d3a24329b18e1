import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openShell } from '../../host/shell.ts'
import { checkScript, filesScript, guardScript, mendScript } from './files-script.ts'
import { sampleRelease } from './release.fixture.ts'
import type { Bundle } from './release.ts'
import { hashText } from './release-json.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-files-'))
const shell = openShell({ host: 'local' })
afterAll(async () => {
  await shell.close()
  rmSync(folder, { recursive: true, force: true })
})

const COMPOSE = `name: lucid-core\nservices:\n  gate: { environment: { A: "it's $HOME \`x\`" } }\n`
const START = '#!/bin/sh\nexec "$@"\n'
const empty = { core: { gate: 1 }, sessions: {}, blockchain: {}, integration: {} }
const bundle: Bundle = {
  release: {
    ...sampleRelease({ id: 'r-0123456789ab', services: empty }),
    files: { 'compose.core.yaml': hashText(COMPOSE) },
    support: { 'files/aa/start.sh': hashText(START) },
  },
  files: { 'compose.core.yaml': COMPOSE },
  support: { 'files/aa/start.sh': START },
}
const made = { count: 0 }
const hostDir = () => mkdtempSync(join(folder, `host-${made.count++}-`))
const run = async (script: string) => (await shell.run(script)).code
const compose = (dir: string) => join(dir, 'releases', bundle.release.id, 'compose.core.yaml')
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('the files of a release', () => {
  test('are on the host to the byte, closed to others but for what containers mount', async () => {
    const dir = hostDir()
    expect(await run(filesScript(dir, bundle))).toBe(0)
    expect(readFileSync(compose(dir), 'utf8')).toBe(COMPOSE)
    expect(JSON.parse(readFileSync(join(dir, 'releases', bundle.release.id, 'release.json'), 'utf8'))).toEqual(
      bundle.release,
    )
    expect([mode(compose(dir)), mode(join(dir, 'files/aa/start.sh'))]).toEqual(['600', '444'])
    expect(readFileSync(join(dir, 'deploy', 'signer'), 'utf8')).toBe(`${bundle.release.signer}\n`)
    expect(readdirSync(join(dir, 'releases'))).toEqual([bundle.release.id])
    expect(await run(checkScript(dir, bundle.release))).toBe(0)
  })

  test('are left alone when they are there', async () => {
    const dir = hostDir()
    await run(filesScript(dir, bundle))
    const { ino } = statSync(compose(dir))
    expect(await run(filesScript(dir, bundle))).toBe(0)
    expect(statSync(compose(dir)).ino).toBe(ino)
  })

  test('that were changed, or are gone, are told, and put right by the same release', async () => {
    for (const path of [`releases/${bundle.release.id}/compose.core.yaml`, 'files/aa/start.sh']) {
      const dir = hostDir()
      await run(filesScript(dir, bundle))
      rmSync(join(dir, path))
      expect([path, await run(checkScript(dir, bundle.release))]).toEqual([path, 1])
      writeFileSync(join(dir, path), 'changed by hand\n')
      expect([path, await run(checkScript(dir, bundle.release))]).toEqual([path, 1])
      expect(await run(filesScript(dir, bundle))).toBe(0)
      expect([path, await run(checkScript(dir, bundle.release))]).toEqual([path, 0])
    }
  })

  test('that were changed by hand are put right from their copies, and named; without a copy they are not used', async () => {
    const dir = hostDir()
    const name = 'compose.core.yaml'
    const path = `releases/${bundle.release.id}/${name}`
    await run(filesScript(dir, bundle))
    expect(await shell.run(mendScript(dir, bundle.release))).toMatchObject({ code: 0, out: '' })
    for (const spoil of [
      () => writeFileSync(compose(dir), `${COMPOSE}# changed by hand\n`),
      () => rmSync(compose(dir)),
    ]) {
      spoil()
      expect(await run(guardScript(dir, bundle.release, name))).toBe(1)
      expect(await shell.run(mendScript(dir, bundle.release))).toMatchObject({ code: 0, out: `${path}\n` })
      expect(readFileSync(compose(dir), 'utf8')).toBe(COMPOSE)
      expect(mode(compose(dir))).toBe('600')
      expect(await run(guardScript(dir, bundle.release, name))).toBe(0)
    }
    // A release that an older deployer brought gets its copies with the next run.
    rmSync(join(dir, 'releases', bundle.release.id, '.kept'), { recursive: true })
    expect(await shell.run(mendScript(dir, bundle.release))).toMatchObject({ code: 0, out: '' })
    expect(readFileSync(join(dir, 'releases', bundle.release.id, '.kept', name), 'utf8')).toBe(COMPOSE)
    // One that was changed before that, and one where the copy was changed, too.
    for (const text of [undefined, 'changed, too\n']) {
      const kept = join(dir, 'releases', bundle.release.id, '.kept', name)
      if (text === undefined) rmSync(kept)
      else writeFileSync(kept, text)
      writeFileSync(compose(dir), 'changed by hand\n')
      expect(await shell.run(mendScript(dir, bundle.release))).toMatchObject({ code: 1, out: '' })
      expect(readFileSync(compose(dir), 'utf8')).toBe('changed by hand\n')
    }
  })

  test('that could not be written whole are not there', async () => {
    const dir = hostDir()
    // The place of one of its files is taken by a folder.
    const script = filesScript(dir, bundle).replace(
      'mkdir releases/.r-0123456789ab.part',
      '$&; mkdir releases/.r-0123456789ab.part/compose.core.yaml',
    )
    expect(script).toContain('part/compose.core.yaml\n')
    expect(await run(script)).not.toBe(0)
    expect(existsSync(join(dir, 'releases', bundle.release.id))).toBe(false)
  })
})
