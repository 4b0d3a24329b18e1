import { catalog, stock } from '#catalog'
import { CliError } from '../../cli/fail.ts'
import { networks } from '../../derive/network.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import {
  loneNetworks,
  NETWORK_SCRIPT,
  type NetworkFacts,
  networkFacts,
  networkFaults,
} from './network-plan.ts'

const factsOf = async (shell: Shell): Promise<NetworkFacts> =>
  networkFacts(await requireSuccess(`${shell.name}: its networks`, shell.run(NETWORK_SCRIPT)))

/** Why our networks cannot be had on a host: subnets that something else has, networks of ours that are made wrong. */
export const checkNetworks = async (shell: Shell): Promise<readonly string[]> =>
  networkFaults(networks, await factsOf(shell))

/** Makes the networks that Compose does not. Answers which; throws CliError when one clashes. */
export const ensureNetworks = async (lease: Lease): Promise<readonly string[]> => {
  const facts = await factsOf(lease.shell)
  const faults = networkFaults(networks, facts)
  if (faults.length > 0)
    throw new CliError(`${lease.shell.name}: its networks are in the way`, { details: faults })
  const there = new Set(facts.networks.map(({ name }) => name))
  const missing = Object.entries(loneNetworks(networks, { ...catalog, ...stock })).filter(
    ([name]) => !there.has(name),
  )
  for (const [name, { subnet, internal }] of missing)
    await requireSuccess(
      `network ${name}`,
      lease.run(
        commandLine(
          ...['docker', 'network', 'create', '--driver=bridge', `--subnet=${subnet}`],
          ...(internal ? ['--internal'] : []),
          '--label=org.lucid.network=lone',
          name,
        ),
      ),
    )
  return missing.map(([name]) => name)
}
