import type { HostFacts } from '#common/host/facts/host-facts'
import type { Finding } from '#common/host/finding'
import { CliError } from '../../cli/fail.ts'
import { networks } from '../../derive/network.ts'
import type { Shell } from '../../host/shell.ts'
import type { Release } from '../content/release.ts'
import { checkHost, makeHostSpec } from '../run/prepare.ts'
import type { HostReleases } from '../run/release-host.ts'
import { findNetworkFaults } from './network-plan.ts'
import { inspectVolumes, type ToolImages } from './volume-marks.ts'
import { checkVolumeOwners, ourVolumes } from './volumes.ts'

/** What is wrong with networks, and with what only a container can see of a host; sentences, no value. */
export type DeepFacts = {
  readonly secrets: readonly string[]
  readonly networks: readonly string[]
  readonly owners: readonly string[]
  readonly lost: readonly Finding[]
}

/** Volumes that are not what the host had in them, whatever is brought there. `images`: of server-tools, those that may be there. */
export const findLost = async (
  shell: Shell,
  host: Pick<HostFacts, 'volumes' | 'installation'>,
  {
    dir,
    images,
    current,
    observed,
  }: {
    readonly dir: string
    readonly images: ToolImages
    readonly current: Release | undefined
    readonly observed: HostReleases
  },
): Promise<readonly Finding[]> => {
  const { faults } = await inspectVolumes(shell, host, {
    dir,
    images,
    committed: current?.volumes ?? [],
    isDeployed: observed.current !== undefined || observed.entries.length > 0,
  })
  return faults
}

/** Of a host that was not looked into. */
export const NOTHING_DEEP: DeepFacts = { secrets: [], networks: [], owners: [], lost: [] }

/** What only a container sees of a host: contents of secrets, owners in volumes; nothing where `image` is not there. */
export const inspectDeep = async (
  shell: Shell,
  host: Pick<HostFacts, 'networks' | 'routes'>,
  { dir, image }: { readonly dir: string; readonly image: string | undefined },
): Promise<DeepFacts> => {
  const { networks: found, routes = [] } = host
  if (found === undefined) throw new CliError(`${shell.name}: its engine does not tell its networks`)
  const faults = findNetworkFaults(networks, { networks: found, routes })
  if (image === undefined) return { ...NOTHING_DEEP, networks: faults }
  const { code } = await shell.run(`docker image inspect --format '{{.Id}}' ${image} >/dev/null`)
  if (code !== 0) return { ...NOTHING_DEEP, networks: faults }
  const checked = await checkHost(shell, { image, spec: await makeHostSpec(shell, dir), dir })
  const { volumes } = await checkVolumeOwners(shell, { image, volumes: ourVolumes })
  return {
    secrets: 'unlooked' in checked ? [] : checked.faults.map(({ name, what }) => `${name}: ${what}`),
    networks: faults,
    lost: [],
    owners: volumes.flatMap(({ name, wrong, example }) =>
      wrong === 0
        ? []
        : [`volume ${name} has ${wrong} files of another user${example === undefined ? '' : ` (${example})`}`],
    ),
  }
}
