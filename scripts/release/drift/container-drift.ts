import { bytes } from '#common/cli/format'
import type { Container } from '#common/host/facts/container'
import type { PortBinding } from '#common/host/facts/container-settings'
import type { HostFacts } from '#common/host/facts/host-facts'
import type { Release } from '../content/release.ts'
import type { ExpectedService } from '../expected/service.ts'
import type { DriftInput } from './drift.ts'

/** Two lists as sets: what only one of them has, in words; undefined when both have the same. */
const compareNames = (
  what: string,
  { has, wants }: { readonly has: readonly string[]; readonly wants: readonly string[] },
): string | undefined => {
  const [missing, extra] = [wants.filter((one) => !has.includes(one)), has.filter((one) => !wants.includes(one))]
  const said = [
    ...(missing.length === 0 ? [] : [`without ${what} ${missing.join(', ')}`]),
    ...(extra.length === 0 ? [] : [`with ${what} ${extra.join(', ')}`]),
  ]
  return said.length === 0 ? undefined : said.join(' and ')
}

const compareValue = (what: string, has: unknown, wants: unknown): string | undefined =>
  has === wants ? undefined : `${what} is ${has || 'none'}, not ${wants || 'none'}`

/** Limits that are not those of the release, in words. A kernel that limits no memory has none to compare. */
export const compareLimits = (
  expected: Pick<ExpectedService, 'memory' | 'cpus' | 'pids'>,
  container: Container,
  engine: HostFacts['engine'],
): readonly string[] => {
  const limitsMemory = engine.is === 'up' && engine.limitsMemory
  return [
    limitsMemory &&
      expected.memory > 0 &&
      container.memoryLimit !== expected.memory &&
      `memory ${bytes(container.memoryLimit)} instead of ${bytes(expected.memory)}`,
    expected.cpus > 0 &&
      Math.abs(container.cpus - expected.cpus) > 0.001 &&
      `processor ${container.cpus} instead of ${expected.cpus}`,
    expected.pids > 0 &&
      container.pidsLimit !== expected.pids &&
      `processes ${container.pidsLimit} instead of ${expected.pids}`,
  ].filter((said) => said !== false)
}

/** Engines write capabilities with and without their prefix. */
const bareCap = (name: string): string => name.replace(/^CAP_/, '')

const compareRights = ({ rights }: ExpectedService, container: Container): readonly (string | undefined)[] => [
  compareValue('its user', container.user, rights.user || container.user),
  compareValue('its restart policy', container.restartPolicy, rights.restartPolicy),
  container.readOnlyRoot === rights.readOnlyRoot
    ? undefined
    : `its root ${rights.readOnlyRoot ? 'can be written' : 'is read-only'}`,
  container.privileged === rights.privileged ? undefined : 'it is privileged',
  compareNames('the added capabilities', { has: container.capAdd.map(bareCap), wants: rights.capAdd.map(bareCap) }),
  compareNames('the dropped capabilities', { has: container.capDrop.map(bareCap), wants: rights.capDrop.map(bareCap) }),
  compareNames('the security options', { has: container.securityOpt, wants: rights.securityOpt }),
]

const formatBinding = ({ ip, host, target }: PortBinding): string => `${ip}:${host}:${target}`

const compareMounts = ({ bindings, volumes, files }: ExpectedService, container: Container) => {
  const mounted = (type: string) => container.mounts.filter((one) => one.type === type)
  return [
    compareNames('port', { has: container.bindings.map(formatBinding), wants: bindings.map(formatBinding) }),
    compareNames('volume', { has: mounted('volume').map(({ name }) => name), wants: volumes.map(({ name }) => name) }),
    compareNames('file', { has: mounted('bind').map(({ source }) => source), wants: files.map(({ path }) => path) }),
  ]
}

/** Networks that it is not on as they are now, or should not be on. One in somebody else's network has none of its own. */
const compareNetworks = (
  { networks: wants, shares }: ExpectedService,
  { networks: attached }: Container,
  { networks = [] }: Pick<HostFacts, 'networks'>,
): readonly (string | undefined)[] => {
  if (shares !== undefined || wants.length === 0) return []
  const stale = wants.filter((name) => {
    const [has, now] = [attached[name]?.id, networks.find((one) => one.name === name)?.id]
    return has !== undefined && has !== '' && has !== now
  })
  return [
    compareNames('network', { has: Object.keys(attached), wants }),
    stale.length === 0 ? undefined : `on ${stale.join(', ')} as it was before that was made anew`,
  ]
}

/** What it mounts and was changed since it was started: it still has what was there then. */
const compareTimes = (
  { files }: ExpectedService,
  { startedAt }: Container,
  { facts: { deployed }, dir }: DriftInput,
): readonly string[] =>
  startedAt === undefined
    ? []
    : files.flatMap(({ path }) => {
        const name = path.slice(dir.length + 1)
        return (deployed.fileTimes[name] ?? 0) > startedAt ? [`${name} was changed after it started`] : []
      })

/** An engine calls an image by its configuration or, with containerd's store, by its manifest or index. */
const compareImage = ({ name }: ExpectedService, { imageId }: Container, { images }: Release) => {
  const image = images.find(({ service }) => service === name)
  return image === undefined || image.config === '' || [image.config, image.manifest, image.digest].includes(imageId)
    ? undefined
    : `its image is ${imageId.slice(0, 19)}, not that of the release`
}

/** Everything of a container that is not as the release says, and that Compose would not see by itself. */
export const compareContainer = (
  expected: ExpectedService,
  container: Container,
  input: DriftInput,
): readonly string[] =>
  [
    compareImage(expected, container, input.release),
    ...compareLimits(expected, container, input.facts.engine),
    ...compareRights(expected, container),
    ...compareMounts(expected, container),
    ...compareNetworks(expected, container, input.facts),
    ...compareTimes(expected, container, input),
  ].filter((said) => said !== undefined)
