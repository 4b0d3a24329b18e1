import { catalog, stock } from '#catalog'
import { CliError } from '../../cli/fail.ts'
import { networks } from '../../derive/network.ts'
import { collectNetworks } from '../../host/collect.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine } from '../../host/quote.ts'
import { requireSuccess } from '../../host/shell.ts'
import { findNetworkFaults, selectLone } from './network-plan.ts'

/** Makes the networks that Compose does not. Answers which; throws CliError when one clashes. */
export const ensureNetworks = async (lease: Lease): Promise<readonly string[]> => {
  const { shell } = lease
  const facts = await collectNetworks(shell)
  const faults = findNetworkFaults(networks, facts)
  if (faults.length > 0) throw new CliError(`${shell.name}: its networks are in the way`, { details: faults })
  const there = new Set(facts.networks.map(({ name }) => name))
  const missing = Object.entries(selectLone(networks, { ...catalog, ...stock })).filter(
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
