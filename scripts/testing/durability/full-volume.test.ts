import { expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openSuite } from './suite.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 8 * 60_000
const suite = openSuite('full-volume', { hangMs: HANG })

/** A volume of its own takes a mount namespace; why there is none. */
const absent = (): string | undefined => {
  if (process.platform !== 'linux') return 'a mount namespace takes Linux'
  if (process.getuid?.() !== 0) return 'a small volume is mounted by root alone'
  const tried = Bun.spawnSync(['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])
  return tried.exitCode === 0 ? undefined : `no mount namespace: ${tried.stderr.toString().trim()}`
}

const why = absent()
if (why !== undefined) console.log(`NOT RUN: a really full volume under the whole platform: ${why}`)

test.skipIf(why !== undefined)(
  'on a volume that is full to the last byte services die and start again, and once there is room every acknowledged recording is anchored',
  async () => {
    const { root } = suite
    const volume = join(root, 'volume')
    mkdirSync(volume)
    const child = Bun.spawn(
      [
        ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...[process.execPath, join(import.meta.dir, 'full-volume.fixture.ts'), volume],
      ],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
    )
    suite.onClose(async () => child.kill('SIGKILL'))
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const rounds = out
      .trim()
      .split('\n')
      .map((line): { readonly early: number; readonly states: readonly string[] } => JSON.parse(line))
    expect(rounds).toHaveLength(3)
    for (const { early, states } of rounds) {
      expect(states.length).toBeGreaterThanOrEqual(early)
      expect(states.filter((state) => state !== 'anchored')).toEqual([])
    }
  },
  HANG,
)
