import type { Route } from '#common/host/facts/networks'
import { overlap, rangeOf } from '../../release/host/network-plan.ts'
import type { Facts } from '../facts.ts'
import { onHost, recover } from '../finding.ts'
import { ofRunning, type Rule } from './rule.ts'

/** Networks that are not there, are others than the release says, or lose their packets to somebody else. */

/** Whether a route takes packets away from a subnet: it is inside it or the same, so it is at least as specific. */
const takesFrom = (route: string, subnet: string): boolean => {
  const [one, two] = [rangeOf(route), rangeOf(subnet)]
  return one !== undefined && two !== undefined && one.from >= two.from && one.to <= two.to
}

/** As `ip route` takes it. */
const routeLine = ({ subnet, device }: Route): string => `${subnet} dev ${device}`

const listExpected = (facts: Facts) => Object.entries(facts.expected?.networks ?? {})

export const routeRules: readonly Rule[] = [
  {
    kind: 'subnet-taken',
    find: (facts) =>
      listExpected(facts).flatMap(([name, { subnet }]) => {
        const taker = Object.entries(facts.networks).find(
          ([other, network]) => other !== name && network.subnets.some((one) => overlap(one, subnet)),
        )
        if (taker === undefined) return []
        return {
          subject: name,
          what: `its addresses are those of another network, ${taker[0]}`,
          evidence: `docker network inspect ${taker[0]}: ${taker[1].subnets.join(' ')}; ${name} has ${subnet}`,
          cause: `somebody made ${taker[0]} with addresses that belong to Lucid`,
          repair: [onHost(`docker network rm ${taker[0]}`), recover('network', name)],
        }
      }),
  },
  {
    kind: 'no-network',
    find: (facts) =>
      listExpected(facts)
        .filter(([name]) => facts.networks[name] === undefined)
        .map(([name, { subnet }]) => ({
          subject: name,
          what: 'the network is not there',
          evidence: `No such network: ${name}`,
          cause: `it was removed; the release has it with ${subnet}`,
          repair: [recover('network', name)],
        })),
  },
  {
    kind: 'wrong-network',
    find: (facts) =>
      listExpected(facts).flatMap(([name, expected]) => {
        const has = facts.networks[name]
        if (has === undefined) return []
        const differs = [
          expected.subnet !== '' &&
            has.subnets.join(' ') !== expected.subnet &&
            `subnet ${has.subnets.join(' ')} instead of ${expected.subnet}`,
          (has.internal !== expected.internal || has.unrouted !== expected.unrouted) &&
            (expected.internal || expected.unrouted
              ? 'has a way out of the host, and should have none'
              : 'has no way out, and should have'),
        ].filter((said) => said !== false)
        if (differs.length === 0) return []
        return {
          subject: name,
          what: 'the network is another than the release says',
          evidence: `docker network inspect ${name}: ${differs.join(', ')}`,
          cause: 'it was made by hand, or by another program under this name',
          repair: [recover('network', name)],
        }
      }),
  },
  {
    kind: 'route-clash',
    find: (facts) =>
      listExpected(facts).flatMap(([name, { subnet }]) =>
        (facts.host.routes ?? [])
          .filter(({ subnet: to, device }) => device !== facts.networks[name]?.device && takesFrom(to, subnet))
          .filter(({ device }) => !Object.values(facts.networks).some((network) => network.device === device))
          .slice(0, 1)
          .map((route) => ({
            subject: name,
            what: `the host sends packets for ${subnet} elsewhere`,
            evidence: `ip route: ${routeLine(route)}`,
            cause: `a route of the host (${route.device || 'no device'}: a VPN, a second network card) takes addresses of ${name}`,
            repair: [onHost(`sudo ip route del ${routeLine(route)}`)],
          })),
      ),
  },
  {
    kind: 'not-attached',
    find: ofRunning(({ expected, container }, facts) => {
      const lost = expected.networks.filter((name) => {
        const now = facts.networks[name]
        const has = container.networks[name]
        return now !== undefined && (has === undefined || (has.id !== '' && has.id !== now.id))
      })
      if (lost.length === 0) return undefined
      return {
        what: `is not in ${lost.join(' and ')}`,
        evidence: `docker inspect ${expected.container}: networks ${Object.keys(container.networks).join(', ') || 'none'}`,
        cause: 'it was disconnected, or the network was made again without it',
      }
    }),
  },
]
