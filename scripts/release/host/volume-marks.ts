import { catalog, stock } from '#catalog'
import type { HostFacts } from '#common/host/facts/host-facts'
import { parseMarkedVolumes } from '#common/host/facts/marked-volumes'
import type { MarkedVolume, MarksSpec } from '#common/host/volume-mark'
import { planVolumes, type VolumePlan } from '#common/host/volume-rules'
import { CliError } from '../../cli/fail.ts'
import { collectFacts } from '../../host/collect.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { CHANGE_CAPS, READ_CAPS, toolCommand } from '../../host/tool-run.ts'
import { observeHost, readRelease } from './observe.ts'
import { ourVolumes } from './volumes.ts'

/** The exit code of an image whose server-tools does not know a command: that of an older release. */
const UNKNOWN_COMMAND = 64

/** The line of sh that makes a volume as Compose would, unless it is there. */
export const createVolumeScript = (volume: string): string => {
  const stack = Object.values({ ...catalog, ...stock }).find(({ volumes }) => Object.hasOwn(volumes, volume))?.stack
  const labels =
    stack === undefined
      ? []
      : ['--label', `com.docker.compose.project=lucid-${stack}`, '--label', `com.docker.compose.volume=${volume}`]
  return `docker volume inspect ${quote(volume)} >/dev/null 2>&1 || ${commandLine('docker', 'volume', 'create', ...labels, volume)} >/dev/null || exit 1`
}

/** The line of sh that looks at volumes, or marks them; which ones goes to its standard input. */
export const marksScript = (image: string, volumes: readonly string[], access: 'read' | 'write'): string =>
  toolCommand(image, access === 'read' ? ['marks', '--check'] : ['marks'], {
    caps: access === 'read' ? READ_CAPS : CHANGE_CAPS,
    mounts: volumes.map((name) => ({ type: 'volume', source: name, target: `/volumes/${name}`, access })),
  })

/** Images of server-tools that may be on a host, best first; those of older releases do not know marks. */
export type ToolImages = readonly (string | undefined)[]

/** Images of server-tools that any release left on a host: one that was gone back from still knows more than the one that runs. */
const listSpare = async (run: Shell['run']): Promise<readonly string[]> => {
  const { out } = await run("docker image ls --format '{{.Repository}}:{{.Tag}}'")
  return out.split('\n').filter((name) => /^[\w./:-]+:server-tools-[0-9a-f]{12}$/.test(name))
}

/** Asks the first image that can, of those named and of those that are there; undefined when none can. */
export const askMarks = async (
  { name, run }: Pick<Shell, 'name' | 'run'>,
  images: ToolImages,
  { volumes, installation }: { readonly volumes: readonly string[]; readonly installation?: string },
): Promise<readonly MarkedVolume[] | undefined> => {
  if (volumes.length === 0) return []
  const spec: MarksSpec = {
    volumes: volumes.map((volume) => ({ name: volume, uid: ourVolumes[volume] ?? 0 })),
    ...(installation !== undefined && { installation }),
  }
  for (const image of new Set([...images, ...(await listSpare(run))])) {
    if (image === undefined) continue
    const there = await run(`docker image inspect ${quote(image)} >/dev/null 2>&1`)
    if (there.code !== 0) continue
    const script = marksScript(image, volumes, installation === undefined ? 'read' : 'write')
    const { code, out, err } = await run(script, { input: JSON.stringify(spec) })
    if (code === UNKNOWN_COMMAND) continue
    const marked = code === 0 ? parseMarkedVolumes(out.split('\n')) : undefined
    if (marked === undefined)
      throw new CliError(
        `${name}: its volumes cannot be looked at: ${err.trim().split('\n').at(-1) || `exit code ${code}`}`,
      )
    return marked
  }
  return undefined
}

/** Those of our volumes that a host has. One that it has not would be made by mounting it. */
const listOurs = ({ volumes = [] }: Pick<HostFacts, 'volumes'>): readonly string[] =>
  Object.keys(ourVolumes).filter((name) => volumes.includes(name))

type Inspection = {
  readonly dir: string
  readonly images: ToolImages
  readonly committed: readonly string[]
  readonly isDeployed: boolean
}

/** What is to become of the volumes of a host, and what is there. */
export type InspectedVolumes = VolumePlan & {
  readonly existing: readonly string[]
  /** The host names its installation itself; else marks do, or nothing does. */
  readonly isNamed: boolean
}

/** What has become of the volumes of a host; nothing is changed. Throws CliError when they cannot be looked at. */
export const inspectVolumes = async (
  shell: Pick<Shell, 'name' | 'run'>,
  host: Pick<HostFacts, 'volumes' | 'installation'>,
  { images, ...about }: Inspection,
): Promise<InspectedVolumes> => {
  if (host.volumes === undefined) throw new CliError(`${shell.name}: its engine does not tell its volumes`)
  const existing = listOurs(host)
  const marked = await askMarks(shell, images, { volumes: existing })
  const plan = planVolumes({ ...about, installation: host.installation, existing, marked })
  return { ...plan, existing, isNamed: host.installation !== undefined }
}

/** The same, of a host of which nothing is known yet. */
export const readVolumes = async (shell: Shell, dir: string, images: ToolImages): Promise<InspectedVolumes> => {
  const { current, entries } = await observeHost(shell, dir)
  const release = current === undefined ? undefined : await readRelease(shell, dir, current)
  return inspectVolumes(shell, await collectFacts(shell, dir, 'release'), {
    dir,
    images: [
      ...images,
      ...(release?.images ?? []).flatMap(({ service, name }) => (service === 'server-tools' ? [name] : [])),
    ],
    committed: release?.volumes ?? [],
    isDeployed: current !== undefined || entries.length > 0,
  })
}

/** Throws CliError with everything that was lost, each with what brings it back. */
export const requireVolumes = (name: string, { faults }: Pick<VolumePlan, 'faults'>): void => {
  if (faults.length > 0)
    throw new CliError(`${name} has not the data any more that it had, and nothing was changed`, {
      details: faults.map(({ subject, evidence, remedy }) => `${subject} ${evidence}: ${remedy}`),
    })
}

/** Marks volumes as those of this host, whatever is in them: what somebody brought there on purpose. */
export const adoptVolumes = async (
  lease: Lease,
  { images, volumes }: { readonly images: ToolImages; readonly volumes: readonly string[] },
): Promise<void> => {
  const { installation } = await collectFacts(lease.shell, lease.dir, 'release')
  if (installation === undefined) return
  const marked = await askMarks({ name: lease.shell.name, run: lease.run }, images, { volumes, installation })
  if (marked === undefined)
    throw new CliError(
      `${lease.shell.name} has no image of server-tools that can mark ${volumes.join(', ')}: bun run deploy:pi --dry-run says which it lacks`,
    )
}

/** Makes what volumes of a release are new and marks all. Answers what was done; throws CliError with what was lost. */
export const secureVolumes = async (
  lease: Lease,
  { wanted, images }: { readonly wanted: readonly string[]; readonly images: ToolImages },
): Promise<readonly string[]> => {
  const { shell, dir } = lease
  const plan = await readVolumes(shell, dir, images)
  requireVolumes(shell.name, plan)
  const fresh = wanted.filter((name) => !plan.existing.includes(name))
  if (fresh.length > 0)
    await requireSuccess(`${shell.name}: its volumes`, lease.run(fresh.map(createVolumeScript).join('\n')))
  const installation = plan.installation ?? crypto.randomUUID()
  const bare = [...plan.adopt, ...fresh]
  const done = await askMarks({ name: shell.name, run: lease.run }, images, { volumes: bare, installation })
  if (done === undefined) return []
  // Behind the marks: a host that names an installation has them all.
  if (!plan.isNamed)
    await requireSuccess(
      `${shell.name}: ${dir}/deploy`,
      lease.run(
        `cd ${quote(`${dir}/deploy`)} && printf '%s\\n' ${installation} > installation.new && sync && mv -f installation.new installation && sync`,
      ),
    )
  return done.map(
    ({ name, entries }) =>
      `volume ${name} is this host’s from now on, ${entries === 0 ? 'empty' : 'with what was in it'}`,
  )
}
