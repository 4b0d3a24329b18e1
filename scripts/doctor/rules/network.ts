import { overlap, rangeOf } from '../../release/host/network-plan.ts'
import { isWell } from '../container.ts'
import type { Facts } from '../facts.ts'
import { onHost, recover } from '../finding.ts'
import { held, type Rule, running } from './rule.ts'

/** A fault of the networks between containers, and of the ports that lead into them. */

/** A clock further away than this, seconds: Tor refuses its consensus at minutes, tokens are refused before. */
export const CLOCK_S = 30

const LOOPBACK = /^(?:127\.|::1$|localhost$)/

/** Whether a route takes packets away from a subnet: it is inside it or the same, so it is at least as specific. */
const takes = (route: string, subnet: string): boolean => {
  const [one, two] = [rangeOf(route.includes('/') ? route : `${route}/32`), rangeOf(subnet)]
  return one !== undefined && two !== undefined && one.from >= two.from && one.to <= two.to
}

const wantedNetworks = (facts: Facts) => Object.entries(facts.wanted?.networks ?? {})

const NAME_FAULTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'is not known there',
  ENODATA: 'is not known there',
  ESERVFAIL: 'is not answered for',
  ETIMEOUT: 'is not answered for',
  ECONNREFUSED: 'is not answered for: there is no name server',
}

const WIRE_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'no answer in 2 s',
  EHOSTUNREACH: 'no way to its address',
  ENETUNREACH: 'no way to its network',
  closed: 'taken and given up at once',
}

/** Who is behind a host name that a container dialled, if it runs and shares a network with it. */
const calleeOf = (facts: Facts, from: string, host: string) => {
  const caller = facts.containers.find(({ name }) => name === from)
  const callee = running(facts).find(({ want }) => want.container === host || want.name === host)
  const shared = Object.keys(caller?.networks ?? {}).some(
    (name) => callee?.container.networks[name] !== undefined,
  )
  return callee !== undefined && shared && !callee.want.shares ? callee : undefined
}

const dials = (facts: Facts) =>
  Object.entries(facts.dialled).flatMap(([from, all]) =>
    all
      .filter(({ fault }) => fault !== '')
      .flatMap((dial) => {
        const callee = calleeOf(facts, from, dial.host)
        return callee === undefined ? [] : [{ from, ...dial, callee }]
      }),
  )

/** One finding a subject is enough: many callers see the same. */
const once = <T extends { readonly subject: string }>(found: readonly T[]): readonly T[] => [
  ...new Map(found.toReversed().map((one) => [one.subject, one])).values(),
]

export const networkRules: readonly Rule[] = [
  {
    kind: 'subnet-taken',
    find: (facts) =>
      wantedNetworks(facts).flatMap(([name, { subnet }]) => {
        const taker = Object.entries(facts.networks).find(
          ([other, network]) => other !== name && overlap(network.subnet, subnet),
        )
        if (taker === undefined) return []
        return [
          {
            subject: name,
            what: `its addresses are those of another network, ${taker[0]}`,
            evidence: `docker network inspect ${taker[0]}: ${taker[1].subnet}; ${name} has ${subnet}`,
            cause: `somebody made ${taker[0]} with addresses that belong to Lucid`,
            mend: [onHost(`docker network rm ${taker[0]}`), recover('network', name)],
          },
        ]
      }),
  },
  {
    kind: 'no-network',
    find: (facts) =>
      wantedNetworks(facts)
        .filter(([name]) => facts.networks[name] === undefined)
        .map(([name, { subnet }]) => ({
          subject: name,
          what: 'the network is not there',
          evidence: `No such network: ${name}`,
          cause: `it was removed; the release has it with ${subnet}`,
          mend: [recover('network', name)],
        })),
  },
  {
    kind: 'wrong-network',
    find: (facts) =>
      wantedNetworks(facts).flatMap(([name, want]) => {
        const has = facts.networks[name]
        if (has === undefined) return []
        const differs = [
          want.subnet !== '' &&
            has.subnet !== want.subnet &&
            `subnet ${has.subnet} instead of ${want.subnet}`,
          has.internal !== want.internal &&
            (has.internal
              ? 'has no way out, and should have'
              : 'has a way out of the host, and should have none'),
        ].filter((said) => said !== false)
        if (differs.length === 0) return []
        return [
          {
            subject: name,
            what: 'the network is another than the release says',
            evidence: `docker network inspect ${name}: ${differs.join(', ')}`,
            cause: 'it was made by hand, or by another program under this name',
            mend: [recover('network', name)],
          },
        ]
      }),
  },
  {
    kind: 'route-clash',
    find: (facts) =>
      wantedNetworks(facts).flatMap(([name, { subnet }]) =>
        facts.host.routes
          .filter(({ to, device }) => device !== facts.networks[name]?.bridge && takes(to, subnet))
          .filter(({ device }) => !Object.values(facts.networks).some(({ bridge }) => bridge === device))
          .slice(0, 1)
          .map((route) => ({
            subject: name,
            what: `the host sends packets for ${subnet} elsewhere`,
            evidence: `ip route: ${route.line}`,
            cause: `a route of the host (${route.device || 'no device'}: a VPN, a second network card) takes addresses of ${name}`,
            mend: [onHost(`sudo ip route del ${route.line}`)],
          })),
      ),
  },
  {
    kind: 'not-attached',
    find: (facts) =>
      running(facts).flatMap(({ want, container }) => {
        const lost = want.networks.filter((name) => {
          const now = facts.networks[name]
          const has = container.networks[name]
          return now !== undefined && (has === undefined || (has.id !== '' && has.id !== now.id))
        })
        if (lost.length === 0) return []
        return [
          {
            subject: want.name,
            what: `is not in ${lost.join(' and ')}`,
            evidence: `docker inspect ${want.container}: networks ${Object.keys(container.networks).join(', ') || 'none'}`,
            cause: 'it was disconnected, or the network was made again without it',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'no-name',
    find: (facts) =>
      once(
        dials(facts)
          .filter(({ addresses, fault }) => addresses.length === 0 && NAME_FAULTS[fault] !== undefined)
          .map(({ from, host, fault, callee }) => ({
            subject: callee.want.name,
            what: `its name ${NAME_FAULTS[fault]} inside its network`,
            evidence: `from ${from}: ${host}: ${fault}`,
            cause:
              'it was connected to the network without its names, or the engine’s name server has lost it',
            mend: [recover('service', callee.want.name)],
          })),
      ),
  },
  {
    kind: 'no-way',
    find: (facts) =>
      once(
        dials(facts)
          .filter(({ addresses, callee }) => addresses.length > 0 && isWell(callee.container))
          .map(({ from, host, port, addresses, fault, callee }) => ({
            subject: callee.want.name,
            what: `cannot be reached by ${from}`,
            evidence: `from ${from}: ${host} (${addresses[0]}) port ${port}: ${WIRE_FAULTS[fault] ?? fault}`,
            cause: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(fault)
              ? 'packets between the containers are dropped: a firewall rule, or a bridge that the engine has lost'
              : 'its container is up and its own check passes, but it does not listen for others',
            mend: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(fault)
              ? [onHost('sudo systemctl restart docker')]
              : [recover('service', callee.want.name)],
          })),
      ),
  },
  {
    kind: 'open-port',
    find: (facts) =>
      held(facts).flatMap(({ want, container }) => {
        const open = container.bindings.filter(({ ip }) => !LOOPBACK.test(ip))
        const [first] = open
        if (first === undefined) return []
        return [
          {
            subject: want.name,
            what: `port ${first.host} is open to every network of the host`,
            evidence: `docker inspect ${want.container}: HostIp ${first.ip || '0.0.0.0'}, HostPort ${first.host}`,
            cause: 'the container was made by hand: a release publishes on 127.0.0.1 alone',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'not-published',
    find: (facts) =>
      running(facts).flatMap(({ want, container }) => {
        const gone = want.ports.filter(
          (port) =>
            port.host > 0 &&
            !container.open.some(({ host, target }) => host === port.host && target === port.target),
        )
        const [first] = gone
        if (first === undefined || want.shares !== undefined) return []
        return [
          {
            subject: want.name,
            what: `port ${first.host} of the host does not lead to it`,
            evidence: `docker inspect ${want.container}: ${container.open.map(({ ip, host, target }) => `${ip}:${host}->${target}`).join(', ') || 'no ports'}`,
            cause: 'the container was made by hand, or lost its network when it started',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'silent-port',
    find: (facts) =>
      running(facts).flatMap(({ want, container }) =>
        want.ports
          .filter(
            ({ host }) =>
              (facts.ports[String(host)] ?? '') !== '' && container.open.some((one) => one.host === host),
          )
          .slice(0, 1)
          .map(({ host }) => ({
            subject: want.name,
            what: `port ${host} of the host does not answer`,
            evidence: `127.0.0.1:${host}: ${WIRE_FAULTS[facts.ports[String(host)] ?? ''] ?? facts.ports[String(host)]}`,
            cause: 'the port is published, but nothing behind it takes connections',
            mend: [recover('service', want.name)],
          })),
      ),
  },
  {
    kind: 'no-name-server',
    find: ({ host }) =>
      host.nameservers.length > 0
        ? []
        : [
            {
              subject: 'host',
              what: 'it has no name server',
              evidence: '/etc/resolv.conf names none',
              cause: 'the network of the host is not set up: images cannot be pulled from a registry',
              mend: [onHost('sudo systemctl restart NetworkManager')],
            },
          ],
  },
  {
    kind: 'wrong-clock',
    find: ({ host }) =>
      Math.abs(host.ahead) <= CLOCK_S
        ? []
        : [
            {
              subject: 'host',
              what: `its clock is ${Math.round(Math.abs(host.ahead))} s ${host.ahead > 0 ? 'ahead of' : 'behind'} this machine’s`,
              evidence: `date +%s: ${host.now}, here ${Math.round(host.now - host.ahead)}${host.ntp && `; NTPSynchronized=${host.ntp}`}`,
              cause: 'it is not set from the network: Tor refuses to join, and tokens are refused',
              mend: [
                onHost(`sudo date -u -s @${Math.round(host.now - host.ahead)}`),
                onHost('sudo timedatectl set-ntp true'),
              ],
            },
          ],
  },
]
