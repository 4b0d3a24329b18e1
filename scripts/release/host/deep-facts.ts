import type { Shell } from '../../host/shell.ts'
import { checkHost, hostSpec } from '../run/prepare.ts'
import { checkNetworks } from './networks.ts'
import type { DeepFacts } from './preflight.ts'
import { checkVolumeOwners, ourVolumes } from './volumes.ts'

/** Of a host that was not looked into. */
export const NOTHING_DEEP: DeepFacts = { secrets: [], networks: [], owners: [] }

/**
 * What only a container can see of a host: contents of secrets, owners in volumes; and its networks. Nothing is changed.
 * `image` is that of server-tools; on a host that has not got it yet there is nothing of ours to be wrong.
 */
export const askDeep = async (
  shell: Shell,
  { dir, image }: { readonly dir: string; readonly image: string | undefined },
): Promise<DeepFacts> => {
  const networks = await checkNetworks(shell)
  if (image === undefined) return { secrets: [], networks, owners: [] }
  const there = await shell.run(`docker image inspect --format '{{.Id}}' ${image} >/dev/null`)
  if (there.code !== 0) return { secrets: [], networks, owners: [] }
  const checked = await checkHost(shell, { image, spec: await hostSpec(shell, dir), dir })
  const { volumes } = await checkVolumeOwners(shell, { image, volumes: ourVolumes })
  return {
    secrets: 'unlooked' in checked ? [] : checked.faults.map(({ name, what }) => `${name}: ${what}`),
    networks,
    owners: volumes.flatMap(({ name, wrong, example }) =>
      wrong === 0
        ? []
        : [
            `volume ${name} has ${wrong} files of another user${example === undefined ? '' : ` (${example})`}`,
          ],
    ),
  }
}
