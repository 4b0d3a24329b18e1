import { bytes } from '#common/cli/format'
import { type Condition, type Container, judgeContainer } from '#common/host/facts/container'
import type { ExpectedContainer } from './expected.ts'

/** A container as it is, and as it should be. */
export type Pair = { readonly is: Container; readonly expected: ExpectedContainer }

/** Answers what is wrong, in a few words each; empty is good. */
export type Rule = (pair: Pair) => readonly string[]

const unless = (holds: boolean, wrong: string): readonly string[] => (holds ? [] : [wrong])

const sharesNamespace = (mode: string): boolean => mode === 'host' || mode.startsWith('container:')

/** What nobody may be, whatever a release says (SPEC section 2). */
export const confined: Rule = ({ is, expected }) => [
  ...unless(!/^(?:0|root)?(?::|$)/.test(is.user), `runs as root (user '${is.user}')`),
  ...unless(is.user === expected.user, `the user is '${is.user}' and not ${expected.user}`),
  ...unless(is.readOnlyRoot, 'its root can be written'),
  ...unless(is.capDrop.includes('ALL'), 'capabilities are not dropped'),
  ...unless(is.capAdd.length === 0, `has the capabilities ${is.capAdd.join(', ')}`),
  ...unless(
    is.securityOpt.some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
    'may gain privileges',
  ),
  ...is.securityOpt.filter((option) => /unconfined/.test(option)).map((option) => `is not confined: ${option}`),
  ...unless(!is.privileged, 'is privileged'),
  ...unless(is.networkMode !== 'host', "is on the host's own network"),
  ...unless(!sharesNamespace(is.pidMode) && !sharesNamespace(is.ipcMode), 'shares processes with others'),
  ...unless(is.devices === 0, 'has devices'),
  ...is.mounts
    .filter(({ source }) => /docker\.sock$|containerd\.sock$|^\/(?:proc|sys|dev|etc)?$/.test(source))
    .map(({ source }) => `mounts ${source} of the host`),
]

/** The limits are those of the release. */
export const limited: Rule = ({ is, expected }) => [
  ...unless(
    is.memoryLimit === expected.memory && is.memoryLimit > 0,
    `the memory limit is ${bytes(is.memoryLimit)} and not ${bytes(expected.memory)}`,
  ),
  ...unless(Math.abs(is.cpus - expected.cpus) < 0.001, `the limit of cores is ${is.cpus} and not ${expected.cpus}`),
  ...unless(
    is.pidsLimit === expected.pids,
    `the limit of processes is ${is.pidsLimit || 'none'} and not ${expected.pids}`,
  ),
  ...unless(
    is.logDriver === 'json-file' &&
      is.logMaxSize === expected.logs['max-size'] &&
      is.logMaxFiles === expected.logs['max-file'],
    'its log is not bounded as the release says',
  ),
]

/** Right after a start or a pause the engine has not asked yet; the rows of its health do, from outside and inside. */
const RUNNING: readonly Condition[] = ['healthy', 'starting', 'resumed']

/** Runs, is well, and was never started again by itself; or has ended well, where it is run once. */
export const steady: Rule = ({ is, expected: { image, proof } }) => {
  const condition = judgeContainer(is, { runsOnce: proof.kind === 'ends' })
  return [
    ...unless(is.image === image, `it is made from ${is.image}`),
    ...unless(!is.oomKilled, 'it ran out of memory'),
    ...(proof.kind === 'ends'
      ? unless(condition === 'done', `it is ${is.status} (${is.exitCode})`)
      : [
          ...unless(is.status === 'running', `it is ${is.status}`),
          ...unless(is.restarts === 0, `it was started again ${is.restarts} times`),
          ...unless(
            is.status !== 'running' || proof.kind !== 'healthy' || is.health !== 'none',
            'the engine says nothing of its health',
          ),
          ...unless(is.status !== 'running' || RUNNING.includes(condition), `the engine says ${condition}`),
        ]),
  ]
}

/** Published on the loopback address alone, and what the release says. */
export const published: Rule = ({ is, expected: { ports } }) => {
  const has = new Map(is.published.map(({ target, host }) => [String(target), String(host)]))
  return [
    ...is.published
      .filter(({ ip }) => ip !== '127.0.0.1')
      .map(({ ip, host }) => `port ${host} is open on ${ip === '' ? 'every address' : ip}`),
    ...Object.entries(ports)
      .filter(([port, host]) => has.get(port) !== host)
      .map(([port, host]) => `port ${port} is not at ${host} of the host`),
    ...[...has]
      .filter(([port]) => ports[port] === undefined)
      .map(([port, host]) => `port ${port} is published at ${host}, which the release does not say`),
  ]
}

/** On its networks and no other. */
export const networked: Rule = ({ is: { networks, networkMode }, expected }) => {
  if (expected.networks.length === 0)
    return unless(networkMode === 'none' || networkMode.startsWith('container:'), `it is on ${networkMode}`)
  const on = Object.keys(networks)
  return [
    ...expected.networks.filter((name) => !on.includes(name)).map((name) => `it is not on ${name}`),
    ...on.filter((name) => !expected.networks.includes(name)).map((name) => `it is on ${name} too`),
  ]
}
