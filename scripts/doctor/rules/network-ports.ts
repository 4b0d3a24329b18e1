import { judgeContainer } from '#common/host/facts/container'
import type { Facts } from '../facts.ts'
import { onHost, recover } from '../finding.ts'
import { ofPresent, ofRunning, type Rule, selectRunning } from './rule.ts'

/** Names and ports: who cannot be reached inside a network, or through the host. */

const LOOPBACK = /^(?:127\.|::1$|localhost$)/

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
const findCallee = (facts: Facts, from: string, host: string) => {
  const caller = facts.containers.find(({ name }) => name === from)
  const callee = selectRunning(facts).find(({ expected }) => expected.container === host || expected.name === host)
  const shared = Object.keys(caller?.networks ?? {}).some((name) => callee?.container.networks[name] !== undefined)
  return callee !== undefined && shared && !callee.expected.shares ? callee : undefined
}

const listFailedDials = (facts: Facts) =>
  Object.entries(facts.dialled).flatMap(([from, all]) =>
    all
      .filter(({ fault }) => fault !== '')
      .flatMap((dial) => {
        const callee = findCallee(facts, from, dial.host)
        return callee === undefined ? [] : [{ from, ...dial, callee }]
      }),
  )

/** One finding a subject is enough: many callers see the same. */
const once = <T extends { readonly subject: string }>(found: readonly T[]): readonly T[] => [
  ...new Map(found.toReversed().map((one) => [one.subject, one])).values(),
]

export const portRules: readonly Rule[] = [
  {
    kind: 'no-name',
    find: (facts) =>
      once(
        listFailedDials(facts)
          .filter(({ addresses, fault }) => addresses.length === 0 && NAME_FAULTS[fault] !== undefined)
          .map(({ from, host, fault, callee }) => ({
            subject: callee.expected.name,
            what: `its name ${NAME_FAULTS[fault]} inside its network`,
            evidence: `from ${from}: ${host}: ${fault}`,
            cause: 'it was connected to the network without its names, or the engine’s name server has lost it',
            repair: [recover('service', callee.expected.name)],
          })),
      ),
  },
  {
    kind: 'no-way',
    find: (facts) =>
      once(
        listFailedDials(facts)
          .filter(({ addresses, callee }) => addresses.length > 0 && judgeContainer(callee.container) === 'healthy')
          .map(({ from, host, port, addresses, fault, callee }) => ({
            subject: callee.expected.name,
            what: `cannot be reached by ${from}`,
            evidence: `from ${from}: ${host} (${addresses[0]}) port ${port}: ${WIRE_FAULTS[fault] ?? fault}`,
            cause: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(fault)
              ? 'packets between the containers are dropped: a firewall rule, or a bridge that the engine has lost'
              : 'its container is up and its own check passes, but it does not listen for others',
            repair: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(fault)
              ? [onHost('sudo systemctl restart docker')]
              : [recover('service', callee.expected.name)],
          })),
      ),
  },
  {
    kind: 'open-port',
    find: ofPresent(({ expected, container }) => {
      const open = container.bindings.filter(({ ip }) => !LOOPBACK.test(ip))
      const [first] = open
      if (first === undefined) return undefined
      return {
        what: `port ${first.host} is open to every network of the host`,
        evidence: `docker inspect ${expected.container}: HostIp ${first.ip || '0.0.0.0'}, HostPort ${first.host}`,
        cause: 'the container was made by hand: a release publishes on 127.0.0.1 alone',
      }
    }),
  },
  {
    kind: 'not-published',
    find: ofRunning(({ expected, container }) => {
      const gone = expected.ports.filter(
        (port) =>
          port.host > 0 &&
          !container.published.some(({ host, target }) => host === port.host && target === port.target),
      )
      const [first] = gone
      if (first === undefined || expected.shares !== undefined) return undefined
      return {
        what: `port ${first.host} of the host does not lead to it`,
        evidence: `docker inspect ${expected.container}: ${container.published.map(({ ip, host, target }) => `${ip}:${host}->${target}`).join(', ') || 'no ports'}`,
        cause: 'the container was made by hand, or lost its network when it started',
      }
    }),
  },
  {
    kind: 'silent-port',
    find: (facts) =>
      selectRunning(facts).flatMap(({ expected, container }) =>
        expected.ports
          .filter(
            ({ host }) =>
              (facts.ports[String(host)] ?? '') !== '' && container.published.some((one) => one.host === host),
          )
          .slice(0, 1)
          .map(({ host }) => ({
            subject: expected.name,
            what: `port ${host} of the host does not answer`,
            evidence: `127.0.0.1:${host}: ${WIRE_FAULTS[facts.ports[String(host)] ?? ''] ?? facts.ports[String(host)]}`,
            cause: 'the port is published, but nothing behind it takes connections',
            repair: [recover('service', expected.name)],
          })),
      ),
  },
]
