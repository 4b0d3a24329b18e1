import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeAt } from '../platform/home.ts'
import { endAll, leftovers } from '../platform/leftovers.ts'

const HANG = 5 * 60_000
const MIB = 1024 * 1024
/** The recording of 40 MiB fits the small disk only without the ballast. */
const DISK = 52
const BALLAST = 28

const root = mkdtempSync(join(tmpdir(), 'lucid-enospc-'))
const home = homeAt(join(root, 'home'))
const disk = home.data('session-encryptor')
mkdirSync(disk, { recursive: true, mode: 0o700 })
afterAll(async () => {
  await endAll(leftovers(home), 5_000)
  rmSync(root, { recursive: true, force: true })
})

/** A small disk that only the process and its children see: a mount namespace of their own. */
const onSmallDisk = (unshare: readonly string[], ...command: readonly string[]) => [
  ...unshare,
  'sh',
  '-c',
  `mount -t tmpfs -o size=${DISK}m lucid "$0" && "$@"`,
  disk,
  ...command,
]

/** As root, or as root of a user namespace, whichever this machine allows. */
const permitted = [
  ['unshare', '--mount'],
  ['unshare', '--map-root-user', '--mount'],
].find((unshare) => {
  if (Bun.which('unshare') === null) return false
  return Bun.spawnSync(onSmallDisk(unshare, 'true'), { stdout: 'ignore', stderr: 'ignore' }).success
})
if (permitted === undefined)
  console.log('NOT RUN: a disk that is really full needs the right to mount one (Linux, unshare --mount)')

test.skipIf(permitted === undefined)(
  'a disk that is really full takes back nothing, and the recording goes on when there is room',
  async () => {
    const ballast = join(disk, 'ballast')
    const script = join(import.meta.dir, 'enospc-child.ts')
    const fill = `head -c ${BALLAST * MIB} /dev/zero > "$0" && exec "$@"`
    const child = [process.execPath, script, home.root, ballast, join(root, 'bundles')]
    const run = Bun.spawn(onSmallDisk(permitted ?? [], 'sh', '-c', fill, ballast, ...child), {
      stdout: 'pipe',
      stderr: 'inherit',
    })
    const [said, code] = await Promise.all([new Response(run.stdout).text(), run.exited])
    expect(code).toBe(0)
    const { full, after, ...rest } = JSON.parse(said)
    expect(full.fault).toBe('unavailable disk-full')
    expect(full.stands).toBeGreaterThan(0)
    expect(after).toBe(full.stands)
    expect(rest).toEqual({
      roomy: { stands: 40 * MIB, fault: undefined },
      end: 'complete',
      bytes: 40 * MIB,
      wrong: [],
    })
  },
  HANG,
)
