import { bytes } from '#common/cli/format'
import type { Inspected } from './inspected.ts'
import type { Promised } from './promised.ts'

/** A container as it is, and as it should be. */
export type Pair = { readonly is: Inspected; readonly promised: Promised }

/** Answers what is wrong, in a few words each; empty is good. */
export type Rule = (pair: Pair) => readonly string[]

const unless = (holds: boolean, wrong: string): readonly string[] => (holds ? [] : [wrong])

const sharesNamespace = (mode: string): boolean => mode === 'host' || mode.startsWith('container:')

/** What nobody may be, whatever a release says (SPEC section 2). */
export const confined: Rule = ({ is: { user, host, mounts }, promised }) => [
  ...unless(!/^(?:0|root)?(?::|$)/.test(user), `runs as root (user '${user}')`),
  ...unless(user === promised.user, `the user is '${user}' and not ${promised.user}`),
  ...unless(host.ReadonlyRootfs, 'its root can be written'),
  ...unless((host.CapDrop ?? []).includes('ALL'), 'capabilities are not dropped'),
  ...unless((host.CapAdd ?? []).length === 0, `has the capabilities ${(host.CapAdd ?? []).join(', ')}`),
  ...unless(
    (host.SecurityOpt ?? []).some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
    'may gain privileges',
  ),
  ...(host.SecurityOpt ?? [])
    .filter((option) => /unconfined/.test(option))
    .map((option) => `is not confined: ${option}`),
  ...unless(!host.Privileged, 'is privileged'),
  ...unless(host.NetworkMode !== 'host', "is on the host's own network"),
  ...unless(!sharesNamespace(host.PidMode) && !sharesNamespace(host.IpcMode), 'shares processes with others'),
  ...unless((host.Devices ?? []).length === 0, 'has devices'),
  ...mounts
    .filter(({ Source = '' }) => /docker\.sock$|containerd\.sock$|^\/(?:proc|sys|dev|etc)?$/.test(Source))
    .map(({ Source }) => `mounts ${Source} of the host`),
]

/** The limits are those of the release. */
export const limited: Rule = ({ is: { host }, promised }) => [
  ...unless(
    host.Memory === promised.memory && host.Memory > 0,
    `the memory limit is ${bytes(host.Memory)} and not ${bytes(promised.memory)}`,
  ),
  ...unless(
    Math.abs(host.NanoCpus - promised.cpus * 1e9) < 1e6,
    `the limit of cores is ${host.NanoCpus / 1e9} and not ${promised.cpus}`,
  ),
  ...unless(
    host.PidsLimit === promised.pids,
    `the limit of processes is ${host.PidsLimit ?? 'none'} and not ${promised.pids}`,
  ),
  ...unless(
    host.LogConfig.Type === 'json-file' &&
      ['max-size', 'max-file'].every((key) => host.LogConfig.Config?.[key] === promised.logs[key]),
    'its log is not bounded as the release says',
  ),
]

const WELL: readonly string[] = ['healthy', 'starting']

/** Runs, is well, and was never started again by itself; or has ended well, where it is run once. */
export const steady: Rule = ({ is: { state, restarts, image }, promised }) => [
  ...unless(image === promised.image, `it is made from ${image}`),
  ...unless(!state.OOMKilled, 'it ran out of memory'),
  ...(promised.proof.kind === 'ends'
    ? unless(state.Status === 'exited' && state.ExitCode === 0, `it is ${state.Status} (${state.ExitCode})`)
    : [
        ...unless(state.Status === 'running', `it is ${state.Status}`),
        ...unless(restarts === 0, `it was started again ${restarts} times`),
        // Right after a start the engine has not asked yet; the rows of its health do, from outside and inside.
        ...unless(
          promised.proof.kind !== 'healthy' || WELL.includes(state.Health?.Status ?? ''),
          `the engine says ${state.Health?.Status ?? 'nothing of its health'}`,
        ),
      ]),
]

/** Published on the loopback address alone, and what the release says. */
export const published: Rule = ({ is: { ports }, promised }) => {
  const bindings = Object.entries(ports ?? {}).flatMap(([port, at]) =>
    (at ?? []).map(({ HostIp, HostPort }) => ({
      port: port.split('/')[0] ?? '',
      ip: HostIp,
      host: HostPort,
    })),
  )
  const is = new Map(bindings.map(({ port, host }) => [port, host]))
  return [
    ...bindings
      .filter(({ ip }) => ip !== '127.0.0.1')
      .map(({ ip, host }) => `port ${host} is open on ${ip === '' ? 'every address' : ip}`),
    ...Object.entries(promised.ports)
      .filter(([port, host]) => is.get(port) !== host)
      .map(([port, host]) => `port ${port} is not at ${host} of the host`),
    ...[...is]
      .filter(([port]) => promised.ports[port] === undefined)
      .map(([port, host]) => `port ${port} is published at ${host}, which the release does not say`),
  ]
}

/** On its networks and no other. */
export const networked: Rule = ({ is: { networks, host }, promised }) => {
  if (promised.networks.length === 0)
    return unless(
      host.NetworkMode === 'none' || host.NetworkMode.startsWith('container:'),
      `it is on ${host.NetworkMode}`,
    )
  const on = Object.keys(networks ?? {})
  return [
    ...promised.networks.filter((name) => !on.includes(name)).map((name) => `it is not on ${name}`),
    ...on.filter((name) => !promised.networks.includes(name)).map((name) => `it is on ${name} too`),
  ]
}
