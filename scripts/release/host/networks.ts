import { CliError } from '../../cli/fail.ts'
import { networks } from '../../derive/network.ts'
import { collectFacts } from '../../host/collect.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine } from '../../host/quote.ts'
import { requireSuccess } from '../../host/shell.ts'
import { describeWrongNetwork, listStrangers } from '../drift/network-drift.ts'
import { createNetwork, findNetworkFaults } from './network-plan.ts'

const disconnect = (network: string, container: string): string =>
  commandLine('docker', 'network', 'disconnect', '--force', network, container)

/**
 * Makes the networks, takes strangers off ours, and makes those anew that are others than they should be, or that Compose
 * would not take: the stacks of whose containers they were are then started anew. Answers what was done, a sentence each;
 * throws CliError when one clashes.
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
    // One that an older release made for whoever declares it external cannot become part of a stack.
    const wrong =
      describeWrongNetwork({ internal: false, unrouted: false, ...expected }, one) ??
      (one.ofCompose ? undefined : 'is not known to Compose')
    if (wrong === undefined) continue
    const off = one.containers.map((name) => `${disconnect(one.name, name)} 2>/dev/null; :`)
    await change(
      `network ${one.name} ${wrong}: it was removed, to be made anew`,
      [...off, commandLine('docker', 'network', 'rm', one.name)].join('\n'),
    )
    left.delete(one.name)
  }
  for (const [name, expected] of Object.entries(networks))
    if (!left.has(name)) await change(`network ${name} was made`, createNetwork(name, expected))
  return done
}
