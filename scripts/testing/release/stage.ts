import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { entryFile } from '../../cli/entry.ts'
import { plainLook } from '../../cli/look.ts'
import { live, type Ran } from '../../cli/run.ts'
import { takeLease } from '../../host/lease.ts'
import { openHost } from '../../host/open.ts'
import type { Shell } from '../../host/shell.ts'
import type { ReleaseImage } from '../../release/content/image.ts'
import { type Bundle, membersOf, type Release } from '../../release/content/release.ts'
import { differences, observeHost, readRelease } from '../../release/host/observe.ts'
import { deliver } from '../../release/run/deliver.ts'
import type { Observed } from '../../release/run/host.ts'
import { openRun } from '../../release/run/journal.ts'
import { tinyImages } from '../peers/pi/images.ts'
import { type Pi, startPi } from '../peers/pi/pi.ts'
import type { Absent } from '../peers/processes.ts'
import type { Task } from './deployer.ts'
import { engineImage, smallRelease, type Tags } from './small-release.ts'
import { type Deployer, startDeployer } from './start-deployer.ts'

/** A Pi stand-in with tiny images, the product's commands against it, and means to look at it past the product. */
export type Stage = {
  readonly pi: Pi
  readonly shell: Shell
  readonly release: (tags: Tags) => Bundle
  /** The product's deliver; answers what it printed. Throws what it throws. */
  readonly deploy: (
    bundle: Bundle,
    options?: Partial<Gate> & { readonly onText?: (text: string) => void },
  ) => Promise<string>
  /** `bun run rollback` as a person runs it. */
  readonly rollback: () => Promise<Ran>
  /** A deployer in a process of its own. */
  readonly deployer: (task: Pick<Task, 'kind' | 'bundle'> & Partial<Task>) => Deployer
  readonly observe: () => Promise<Observed>
  /** Everything that is not as the committed release says, past the product: by the engine and by files. */
  readonly faults: () => Promise<readonly string[]>
  /** What the engine answers the user from now on. */
  readonly engineFails: (how: EngineFailure | undefined) => void
  /** Takes away all containers and all that Lucid keeps there. */
  readonly clear: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** `refuse`: every command fails; `half`: Compose is killed in the middle of its work; `after`: it fails when the work is done. */
export type EngineFailure = 'refuse' | 'half' | 'after'

export type Gate = { readonly limitMs: number; readonly settleMs: number }

/** Tiny services are well within a second, on a busy machine within some. */
const GATE: Gate = { limitMs: 30_000, settleMs: 500 }

const FLAG = '/run/docker-fails'

/** Stands before docker in the user's PATH. */
const WRAPPER = `#!/bin/sh
how=$(cat ${FLAG} 2>/dev/null)
case "$how $1" in
  refuse*) echo 'Error response from daemon: told to fail by the test' >&2; exit 1 ;;
  'half compose') timeout -s KILL 0.7 /usr/bin/docker "$@"; echo 'Error: Compose was killed by the test' >&2; exit 1 ;;
  'after compose') /usr/bin/docker "$@"; echo 'Error: told to fail afterwards by the test' >&2; exit 1 ;;
esac
exec /usr/bin/docker "$@"
`

const tags = ['1', '2', 'sick', 'exit', 'crash', 'memory'] as const

/** Longest wait for what the engine itself has yet to find healthy, ms. */
const WELL_MS = 15_000

export const openStage = async (
  folder: string,
  { diskBytes }: { readonly diskBytes: number },
): Promise<Stage | Absent> => {
  const pi = await startPi({ folder: join(folder, 'pi'), sharedBytes: diskBytes })
  if ('absent' in pi) return pi
  const loaded = await tinyImages(pi.engine, { folder })
  if ('absent' in loaded) {
    await pi.stop()
    return loaded
  }
  const wrapper = join(folder, 'pi', 'local', 'bin', 'docker')
  writeFileSync(wrapper, WRAPPER)
  chmodSync(wrapper, 0o755)
  const images = new Map<string, Omit<ReleaseImage, 'service'>>()
  for (const tag of tags) images.set(tag, await engineImage(pi.engine, tag))

  const state = join(folder, 'state')
  mkdirSync(state)
  const opened = openHost(
    { host: pi.host, dir: pi.dir, 'ssh-config': pi.sshConfig },
    { ...process.env, LUCID_HOME: state },
  )
  const { shell } = opened
  const observe = () => observeHost(shell, pi.dir)
  const committedRelease = async ({ current }: Observed): Promise<Release | undefined> =>
    current === undefined ? undefined : readRelease(shell, pi.dir, current)

  const containers = async (): Promise<ReadonlyMap<string, string>> => {
    const { code, out, err } = await pi.engine.run([
      'ps',
      '--all',
      '--format',
      '{{.Names}}|{{.Image}}|{{.State}}',
    ])
    if (code !== 0) throw new Error(`docker ps: ${err.trim()}`)
    return new Map(
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const [name = '', image = '', running = ''] = line.split('|')
          return [name, `${image} ${running}`]
        }),
    )
  }

  /** What keeps the next command from the lease. One that was killed leaves its own, which must be followed at once. */
  const heldAgainst = async (): Promise<readonly string[]> => {
    const waits: string[] = []
    const holder = { by: 'test', machine: hostname(), pid: process.pid, what: 'look' }
    try {
      const lease = await takeLease(shell, pi.dir, holder, { onWait: (text) => waits.push(text) })
      await lease.release()
    } catch (error) {
      waits.push(String(error))
    }
    return waits.map((text) => `stuck: ${text}`)
  }

  return {
    pi,
    shell,
    observe,
    release: (wanted) => smallRelease(wanted, { dir: pi.dir, images }),
    deploy: async (bundle, { onText = () => {}, ...gate } = {}) => {
      const { limitMs, settleMs } = { ...GATE, ...gate }
      let printed = ''
      const print = (text: string) => {
        printed += text
        onText(text)
      }
      const observed = await observe()
      await deliver(opened, {
        kind: 'deploy',
        what: `deploy ${bundle.release.id}`,
        bundle,
        to: bundle.release,
        observed,
        current: await committedRelease(observed),
        supply: { kind: 'none' },
        timing: { now: Date.now, pause: (ms) => Bun.sleep(ms), limitMs, settleMs },
        terminal: { out: print, err: print },
        look: plainLook,
        json: false,
      })
      return printed
    },
    rollback: () =>
      live(
        [
          process.execPath,
          entryFile('rollback'),
          `--host=${pi.host}`,
          `--dir=${pi.dir}`,
          `--ssh-config=${pi.sshConfig}`,
          `--timeout=${GATE.limitMs / 1000}`,
          `--settle=${GATE.settleMs / 1000}`,
        ],
        { env: { LUCID_HOME: state } },
      ),
    deployer: (task) =>
      startDeployer(folder, { host: pi.host, sshConfig: pi.sshConfig, dir: pi.dir, ...GATE, ...task }),
    faults: async () => {
      const observed = await observe()
      const release = await committedRelease(observed)
      const wanted = new Map(
        (release === undefined ? [] : membersOf(release)).map(({ container, image }) => [
          container,
          `${image} running`,
        ]),
      )
      const found = await containers()
      const mixed = [...new Set([...wanted.keys(), ...found.keys()])]
        .filter((name) => wanted.get(name) !== found.get(name))
        .map(
          (name) => `mixed: ${name} is ${found.get(name) ?? 'missing'}, wanted ${wanted.get(name) ?? 'none'}`,
        )
      const stuck = [
        ...(openRun(observed.entries) === undefined ? [] : ['stuck: a run is open']),
        ...(existsSync(pi.outside(`${pi.dir}/deploy/lease`)) ? await heldAgainst() : []),
      ]
      const unwell = async (): Promise<readonly string[]> => {
        const until = performance.now() + WELL_MS
        for (;;) {
          const left = release === undefined ? [] : await differences(shell, release)
          if (left.length === 0 || performance.now() > until) return left
          await Bun.sleep(100)
        }
      }
      return [...mixed, ...stuck, ...(await unwell()).map((one) => `unwell: ${one}`)]
    },
    engineFails: (how) => {
      const flag = pi.outside(FLAG)
      if (how === undefined) rmSync(flag, { force: true })
      else writeFileSync(flag, how)
    },
    clear: async () => {
      await pi.engine.run(['container', 'prune', '--force'])
      const all = [...(await containers()).keys()]
      if (all.length > 0) await pi.engine.run(['rm', '--force', ...all])
      await pi.engine.run(['network', 'prune', '--force'])
      for (const name of ['deploy', 'releases', 'files'])
        rmSync(pi.outside(`${pi.dir}/${name}`), { recursive: true, force: true })
    },
    stop: async () => {
      await shell.close()
      await pi.stop()
    },
  }
}
