import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bundle } from '../../release/content/release.ts'
import { oneTags, onlyStacks, twoTags } from './small-release.ts'
import { openTestHost } from './test-host.ts'

/** What somebody changes on a host by hand, found and put right by the next command: real sshd, sh, engine and Compose. */

// Only a hang is ended by it.
setDefaultTimeout(600_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-drift-'))
const host = await openTestHost(folder, { diskBytes: 192 * 2 ** 20 })
if ('absent' in host) console.log(`NOT RUN: ${host.absent} (changes by hand, against the emulated Pi)`)
afterAll(async () => {
  if (!('absent' in host)) await host.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf('absent' in host)('what was changed by hand on the emulated Pi', () => {
  if ('absent' in host) {
    test.skip(host.absent, () => {})
    return
  }
  const { engine, outside, dir } = host.pi
  const one = host.release(onlyStacks(oneTags, ['core', 'sessions']))
  const two = host.release(onlyStacks(twoTags, ['core', 'sessions']))
  const fileOf = ({ release: { id } }: Bundle, stack: string) => outside(`${dir}/releases/${id}/compose.${stack}.yaml`)
  const inspect = (format: string, name: string) => engine.answer(['inspect', '--format', format, name])
  const startOf = (name: string) => inspect('{{.State.StartedAt}}', name)
  const starts = async () => Promise.all(['gate', 'store', 'cut', 'seal'].map(startOf))
  /** Does it, deploys the same release again; what was said, and whose container was started since. */
  const mend = async (spoil: () => Promise<unknown>) => {
    const before = await starts()
    await spoil()
    const said = await host.deploy(one)
    const after = await starts()
    expect(await host.faults()).toEqual([])
    return { said, again: ['gate', 'store', 'cut', 'seal'].filter((_, at) => before[at] !== after[at]) }
  }

  test('nothing: then a deploy of the same release has nothing to do', async () => {
    await host.deploy(one)
    // The engine has yet to ask for the first time.
    expect(await host.faults()).toEqual([])
    const { said, again } = await mend(async () => {})
    expect(said).toContain('already, and is healthy: nothing to do')
    expect(again).toEqual([])
  })

  test('a key that signs from now on is kept, whatever else is the same', async () => {
    const signer = 'ab'.repeat(32)
    const trusted = () => readFileSync(outside(`${dir}/deploy/signer`), 'utf8').trim()
    const before = trusted()
    expect(await host.deploy({ ...one, release: { ...one.release, signer } })).toContain('nothing changed')
    expect(trusted()).toBe(signer)
    await host.deploy(one)
    expect(trusted()).toBe(before)
    expect(await host.faults()).toEqual([])
  })

  test('a limit of a container: that one alone is made anew', async () => {
    const { said, again } = await mend(() => engine.answer(['update', '--pids-limit=77', 'cut']))
    expect(said).toContain('cut: processes 77 instead of 128: put right')
    expect(again).toEqual(['cut'])
    expect(await inspect('{{.HostConfig.PidsLimit}}', 'cut')).toBe('128')
  })

  test('the restart policy of a container', async () => {
    const { said, again } = await mend(() => engine.answer(['update', '--restart=no', 'seal']))
    expect(said).toContain('seal: its restart policy is no, not unless-stopped: put right')
    expect(again).toEqual(['seal'])
  })

  test('a file that a container mounts: it is put right, and whoever mounts it is made anew', async () => {
    const [path = ''] = Object.keys(one.release.support)
    const { again } = await mend(async () => writeFileSync(outside(`${dir}/${path}`), 'changed by hand\n'))
    expect(readFileSync(outside(`${dir}/${path}`), 'utf8')).not.toContain('by hand')
    expect(again).toEqual(['gate', 'store'])
  })

  test('a paused container goes on, and is not started again', async () => {
    const { said, again } = await mend(() => engine.answer(['pause', 'seal']))
    expect(said).toContain('seal: seal is paused: put right')
    expect(again).toEqual([])
  })

  test('a paused container does not keep a new release away, nor the way back to the old one', async () => {
    await engine.answer(['pause', 'cut'])
    await host.deploy(two)
    expect(await host.faults()).toEqual([])
    await engine.answer(['pause', 'seal'])
    expect((await host.rollback()).code).toBe(0)
    expect(await host.faults()).toEqual([])
  })

  test('a container that is gone, and one that should not be there', async () => {
    await engine.answer(['rm', '--force', 'cut'])
    const labels = ['--label', 'com.docker.compose.project=lucid-sessions', '--label', 'com.docker.compose.service=x']
    const more = ['--label', 'com.docker.compose.oneoff=False', '--label', 'com.docker.compose.container-number=1']
    await engine.answer(['run', '--detach', '--name', 'old', ...labels, ...more, 'lucid-test/tiny:1'])
    const said = await host.deploy(one)
    expect(said).toContain('container:old: is not of the release: put right')
    expect(await host.faults()).toEqual([])
  })

  test('the Compose file of the release that runs, and of the one before: never applied, by no command', async () => {
    const change = (bundle: Bundle) => {
      for (const stack of ['core', 'sessions']) {
        const path = fileOf(bundle, stack)
        writeFileSync(path, readFileSync(path, 'utf8').replaceAll('TINY_SECONDS', 'CHANGED_BY_HAND'))
      }
    }
    const expectOriginal = async (bundle: Bundle) => {
      expect(await host.faults()).toEqual([])
      for (const name of ['gate', 'seal'])
        expect(await inspect('{{json .Config.Env}}', name)).not.toContain('CHANGED_BY_HAND')
      for (const stack of ['core', 'sessions'])
        expect(readFileSync(fileOf(bundle, stack), 'utf8')).not.toContain('CHANGED_BY_HAND')
    }
    change(one)
    expect(await host.deploy(one)).not.toContain('nothing to do')
    await expectOriginal(one)
    // What somebody made from the changed file is made anew from the right one.
    change(one)
    const by = ['compose', '--file', fileOf(one, 'sessions'), 'up', '--detach']
    await engine.answer(by)
    await host.deploy(one)
    await expectOriginal(one)
    await host.deploy(two)
    change(one)
    change(two)
    const { code, out, err } = await host.rollback()
    expect({ code, said: code === 0 ? '' : `${out}${err}` }).toEqual({ code: 0, said: '' })
    await expectOriginal(one)
  })

  test('a file of the release that runs, with no copy left of it: refused with what to do, before anything is touched', async () => {
    const before = await starts()
    const path = fileOf(one, 'core')
    const text = readFileSync(path, 'utf8')
    const kept = path.replace(/[^/]+$/, '.kept')
    rmSync(kept, { recursive: true })
    appendFileSync(path, '# by hand\n')
    await expect(host.deploy(two)).rejects.toThrow(
      'were changed by hand or went bad: bun run deploy:pi from a checkout of',
    )
    expect(await starts()).toEqual(before)
    writeFileSync(path, text)
    await host.deploy(two)
    expect([await host.faults(), existsSync(kept)]).toEqual([[], true])
  })
})
