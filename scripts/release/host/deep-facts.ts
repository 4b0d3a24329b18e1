import type { HostFacts } from '#common/host/facts/host-facts'
import { CliError } from '../../cli/fail.ts'
import { networks } from '../../derive/network.ts'
import type { Shell } from '../../host/shell.ts'
import { checkHost, makeHostSpec } from '../run/prepare.ts'
import { findNetworkFaults } from './network-plan.ts'
import { checkVolumeOwners, ourVolumes } from './volumes.ts'

/** What is wrong with networks, and with what only a container can see of a host; sentences, no value. */
export type DeepFacts = {
  readonly secrets: readonly string[]
  readonly networks: readonly string[]
  readonly owners: readonly string[]
}

/** Of a host that was not looked into. */
export const NOTHING_DEEP: DeepFacts = { secrets: [], networks: [], owners: [] }

/**
 * What only a container can see of a host: contents of secrets, owners in volumes. Nothing is changed. `image` is that of
 * server-tools; on a host that has not got it yet there is nothing of ours to be wrong.
 */
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
    owners: volumes.flatMap(({ name, wrong, example }) =>
      wrong === 0
        ? []
        : [
            `volume ${name} has ${wrong} files of another user${example === undefined ? '' : ` (${example})`}`,
          ],
    ),
  }
}
