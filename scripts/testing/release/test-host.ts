import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { plainStyle } from '#common/cli/style'
import { printer } from '#common/cli/text'
import { entryFile } from '../../cli/entry.ts'
import { live, type Ran } from '../../cli/run.ts'
import { type HostSession, openHost } from '../../host/open.ts'
import type { Bundle, ReleaseImage } from '../../release/content/release.ts'
import { observeHost } from '../../release/host/observe.ts'
import { deliverRelease } from '../../release/run/deliver.ts'
import type { HostReleases } from '../../release/run/release-host.ts'
import { tinyImages } from '../peers/pi/images.ts'
import { type Pi, startPi } from '../peers/pi/pi.ts'
import type { Absent } from '../peers/processes.ts'
import type { Task } from './deployer.ts'
import { type EngineFailure, installFailures, setFailure } from './engine-failures.ts'
import { findFaults, listContainers, readCommitted } from './host-faults.ts'
import { engineImage, smallRelease, type Tags } from './small-release.ts'
import { startDeployer } from './start-deployer.ts'

type Gate = { readonly limitMs: number; readonly settleMs: number }
type DeployOptions = Partial<Gate> & { readonly onText?: (text: string) => void }

/** Tiny services are well within a second, on a busy machine within some. */
const GATE: Gate = { limitMs: 30_000, settleMs: 500 }

const tags = ['1', '2', 'sick', 'exit', 'crash', 'memory'] as const

const deploy = async (
  session: HostSession,
  bundle: Bundle,
  { onText = () => {}, ...gate }: DeployOptions = {},
): Promise<string> => {
  const { shell, target } = session
  let printed = ''
  const print = printer((text) => {
    printed += text
    onText(text)
  })
  const observed = await observeHost(shell, target.dir)
  await deliverRelease(session, {
    kind: 'deploy',
    what: `deploy ${bundle.release.id}`,
    bundle,
    to: bundle.release,
    observed,
    current: await readCommitted(shell, target.dir, observed),
    supply: { kind: 'none' },
    timing: { now: Date.now, pause: (ms) => Bun.sleep(ms), ...GATE, ...gate },
    terminal: { out: print, err: print },
    style: plainStyle,
    json: false,
  })
  return printed
}

const rollBack = ({ host, dir, sshConfig }: Pi, state: string): Promise<Ran> => {
  const flags = { host, dir, 'ssh-config': sshConfig, timeout: GATE.limitMs / 1000, settle: GATE.settleMs / 1000 }
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  return live([process.execPath, entryFile('rollback'), ...words], { env: { LUCID_HOME: state } })
}

const clear = async (pi: Pi): Promise<void> => {
  await pi.engine.run(['container', 'prune', '--force'])
  const all = [...(await listContainers(pi)).keys()]
  if (all.length > 0) await pi.engine.run(['rm', '--force', ...all])
  await pi.engine.run(['network', 'prune', '--force'])
  for (const name of ['deploy', 'releases', 'files'])
    rmSync(pi.outside(`${pi.dir}/${name}`), { recursive: true, force: true })
}

/** The product's commands against an emulated Pi with tiny images, and means to inspect it past the product. */
const hostOn = async (pi: Pi, folder: string) => {
  installFailures(join(folder, 'pi'))
  const images = new Map<string, Omit<ReleaseImage, 'service'>>()
  for (const tag of tags) images.set(tag, await engineImage(pi.engine, tag))
  const state = join(folder, 'state')
  mkdirSync(state)
  const { host, dir, sshConfig } = pi
  const session = openHost({ host, dir, 'ssh-config': sshConfig }, { ...process.env, LUCID_HOME: state })
  const { shell } = session
  return {
    pi,
    observe: (): Promise<HostReleases> => observeHost(shell, dir),
    release: (services: Tags): Bundle => smallRelease(services, { dir, images }),
    /** The product's deliver; answers what it printed. Throws what it throws. */
    deploy: (bundle: Bundle, options?: DeployOptions) => deploy(session, bundle, options),
    /** `bun run rollback` as a person runs it. */
    rollback: () => rollBack(pi, state),
    /** A deployer in a process of its own. */
    deployer: (task: Pick<Task, 'kind' | 'bundle'> & Partial<Task>) =>
      startDeployer(folder, { host, sshConfig, dir, ...GATE, ...task }),
    /** Everything that is not as the committed release says, past the product: by the engine and by files. */
    faults: () => findFaults(shell, pi),
    /** What the engine answers the user from now on. */
    engineFails: (how: EngineFailure | undefined) => setFailure(pi, how),
    /** Takes away all containers and all that Lucid keeps there. */
    clear: () => clear(pi),
    stop: async (): Promise<void> => {
      await shell.close()
      await pi.stop()
    },
  }
}

export type TestHost = Awaited<ReturnType<typeof hostOn>>

/** Opens one in a folder; `absent` says why this machine cannot have it. */
export const openTestHost = async (
  folder: string,
  { diskBytes }: { readonly diskBytes: number },
): Promise<TestHost | Absent> => {
  const pi = await startPi({ folder: join(folder, 'pi'), sharedBytes: diskBytes })
  if ('absent' in pi) return pi
  const loaded = await tinyImages(pi.engine, { folder })
  if ('absent' in loaded) {
    await pi.stop()
    return loaded
  }
  return hostOn(pi, folder)
}
