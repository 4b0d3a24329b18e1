import { catalog, stock } from '#catalog'
import { CliError } from '../../cli/fail.ts'
import { networks, UNROUTED } from '../../derive/network.ts'
import { collectFacts } from '../../host/collect.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine } from '../../host/quote.ts'
import { requireSuccess } from '../../host/shell.ts'
import { describeWrongNetwork, listStrangers } from '../drift/network-drift.ts'
import { findNetworkFaults, selectLone } from './network-plan.ts'

const unroutedFlags = Object.entries(UNROUTED).map(([key, value]) => `--opt=${key}=${value}`)

const disconnect = (network: string, container: string): string =>
  commandLine('docker', 'network', 'disconnect', '--force', network, container)

/**
 * Makes the networks that Compose does not, takes strangers off ours, and removes ours that are others than they should be:
 * Compose makes them anew, with the stacks of whose containers they were. Answers what was done, a sentence each; throws
 * CliError when one clashes.
 */
export const ensureNetworks = async (lease: Lease): Promise<readonly string[]> => {
  const { shell, dir } = lease
  const { networks: found, routes = [], containers } = await collectFacts(shell, dir, 'release')
  if (found === undefined) throw new CliError(`${shell.name}: its engine does not tell its networks`)
  const faults = findNetworkFaults(networks, { networks: found, routes })
  if (faults.length > 0) throw new CliError(`${shell.name}: its networks are in the way`, { details: faults })
  const done: string[] = []
  const change = async (what: string, script: string) => {
    await requireSuccess(`${shell.name}: ${what}`, lease.run(script))
    done.push(what)
  }
  const left = new Set<string>()
  for (const one of found) {
    const expected = Object.entries(networks).find(([name]) => name === one.name)?.[1]
    if (expected === undefined) continue
    left.add(one.name)
    for (const name of listStrangers(one, containers))
      await change(
        `network ${one.name}: ${name} was taken off it, which is not of the release`,
        disconnect(one.name, name),
      )
    const wrong = describeWrongNetwork({ internal: false, unrouted: false, ...expected }, one)
    if (wrong === undefined) continue
    const off = one.containers.map((name) => `${disconnect(one.name, name)} 2>/dev/null; :`)
    await change(
      `network ${one.name} ${wrong}: it was removed, to be made anew`,
      [...off, commandLine('docker', 'network', 'rm', one.name)].join('\n'),
    )
    left.delete(one.name)
  }
  for (const [name, { subnet, internal, unrouted }] of Object.entries(selectLone(networks, { ...catalog, ...stock })))
    if (!left.has(name))
      await change(
        `network ${name} was made`,
        commandLine(
          ...['docker', 'network', 'create', '--driver=bridge', `--subnet=${subnet}`],
          ...(internal ? ['--internal'] : []),
          ...(unrouted ? unroutedFlags : []),
          '--label=org.lucid.network=lone',
          name,
        ),
      )
  return done
}
