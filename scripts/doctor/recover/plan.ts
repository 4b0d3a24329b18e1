import { EXIT_USAGE } from '#common/cli/read-command'
import { STORE_FILE } from '#common/store/same-store'
import { CliError } from '../../cli/fail.ts'
import { commandLine, quote } from '../../host/quote.ts'
import type { Expected } from '../../release/expected/compose.ts'
import type { ExpectedService } from '../../release/expected/service.ts'
import { createNetwork } from '../../release/host/network-plan.ts'
import { createVolumeScript } from '../../release/host/volume-marks.ts'
import type { Facts } from '../facts.ts'
import { program } from '../inspect/inside.ts'
import { isFine, matchContainers } from '../rules/rule.ts'
import { forgetStores, reconcileFiles, reconcileVolume } from './reconcile.ts'

/** The service whose volume is the database of the others. */
const DATABASE = 'mongo'

/** One thing that is done to a host. */
export type Step = {
  readonly say: string
  /** POSIX sh; empty when there is only something to wait for. */
  readonly script: string
  /** Services that must be well before the next step. */
  readonly until: readonly ExpectedService[]
}

/** What a plan is made from: the facts of a host that has a release. */
export type Site = {
  readonly facts: Facts
  readonly expected: Expected
  readonly release: string
  readonly probes: readonly string[]
  readonly stacks: readonly string[]
}

const refuseUnknown = (what: string, name: string, names: readonly string[]): never => {
  throw new CliError(`no ${what} ${JSON.stringify(name)} in this release; there are ${names.join(', ')}`, {
    exitCode: EXIT_USAGE,
  })
}

const composeUp = ({ facts, release }: Site, stack: string, names: readonly string[]): string =>
  commandLine(
    ...['docker', 'compose', '--file', `${facts.dir}/releases/${release}/compose.${stack}.yaml`],
    ...['up', '--detach', '--no-deps', '--no-build', '--pull', 'never', '--force-recreate'],
    ...names,
  )

/** A container under our name that another project or nobody's made: Compose would not touch it. */
const removeStrangers = ({ facts }: Site, services: readonly ExpectedService[]): readonly string[] =>
  services.flatMap(({ container, stack }) => {
    const there = facts.containers.find(({ name }) => name === container)
    return there !== undefined && there.project !== `lucid-${stack}`
      ? [commandLine('docker', 'rm', '--force', container)]
      : []
  })

/** Compose would make an empty one in the place of a volume that is gone. */
const requireVolumes = ({ facts }: Site, services: readonly ExpectedService[], coming?: string): void => {
  const gone = services
    .flatMap(({ volumes }) => volumes.map(({ name }) => name))
    .find((name) => name !== coming && !facts.host.readiness.volumes.includes(name))
  if (gone !== undefined) throw new CliError(`${gone} is not there: bun run recover volume ${gone} brings it back`)
}

const remake = (site: Site, stack: string, services: readonly ExpectedService[]): Step => ({
  say: `make ${services.map(({ name }) => name).join(', ')} again, as ${site.release} has ${services.length === 1 ? 'it' : 'them'}`,
  script: [
    'set -e',
    ...removeStrangers(site, services),
    composeUp(
      site,
      stack,
      services.map(({ name }) => name),
    ),
  ].join('\n'),
  until: services,
})

/** The same of any services, stack by stack in their order; `coming` is a volume that is there by then. */
const remakeAll = (site: Site, services: readonly ExpectedService[], coming?: string): readonly Step[] => {
  requireVolumes(site, services, coming)
  return site.stacks.flatMap((stack) => {
    const mine = services.filter((service) => service.stack === stack)
    return mine.length === 0 ? [] : [remake(site, stack, mine)]
  })
}

/** What is to run: all but what is behind a profile and was never started. */
const listServices = (site: Site): readonly ExpectedService[] =>
  matchContainers(site.facts).map(({ expected }) => expected)

/** One service. */
export const planService = (site: Site, name: string): readonly Step[] => {
  const service = site.expected.services[name] ?? refuseUnknown('service', name, Object.keys(site.expected.services))
  // What lives in its network loses it with the container.
  const guests = listServices(site).filter(({ shares, once }) => shares === name && !once)
  return remakeAll(site, [service, ...guests])
}

/** All services of a stack. Volumes and networks stay. */
export const planStack = (site: Site, stack: string): readonly Step[] => {
  const services = listServices(site).filter((service) => service.stack === stack)
  if (services.length === 0)
    return refuseUnknown('stack', stack, [...new Set(Object.values(site.expected.services).map((one) => one.stack))])
  return remakeAll(site, services)
}

/** A network, with everything that is in it. */
export const planNetwork = (site: Site, name: string): readonly Step[] => {
  const expected = site.expected.networks[name] ?? refuseUnknown('network', name, Object.keys(site.expected.networks))
  const ours = listServices(site).filter(({ networks }) => networks.includes(name))
  const attached = site.facts.containers.filter(({ networks }) => networks[name] !== undefined)
  const guests = attached.filter((one) => !ours.some(({ container }) => container === one.name))
  const there = site.facts.networks[name] !== undefined
  return [
    {
      say: `${there ? 'remove the network and ' : ''}make ${name} with ${expected.subnet}`,
      script: [
        ...attached.map((one) => `${commandLine('docker', 'network', 'disconnect', '--force', name, one.name)} || :`),
        ...(there ? [`${commandLine('docker', 'network', 'rm', name)} || exit 1`] : []),
        `${createNetwork(name, expected, expected.stack)} >/dev/null`,
      ].join('\n'),
      until: [],
    },
    ...remakeAll(site, ours),
    ...guests
      .filter(({ status }) => status === 'running')
      .map((one) => ({
        say: `connect ${one.name} again, which is not of the release`,
        script: `${commandLine('docker', 'network', 'connect', name, one.name)} || :`,
        until: [],
      })),
  ]
}

const listUsers = (site: Site, volume: string): readonly ExpectedService[] => {
  if (!site.expected.volumes.includes(volume)) refuseUnknown('volume', volume, site.expected.volumes)
  return listServices(site).filter(({ volumes }) => volumes.some(({ name }) => name === volume))
}

const RIGHTS = '--cap-add CHOWN --cap-add FOWNER --cap-add DAC_OVERRIDE'

/** A container of the first image that is there, as root and with no more rights than owners and permissions take. */
const asRoot = ({ probes }: Site, mounts: readonly string[], code: string): string =>
  [
    `P=; for c in ${commandLine(...probes)}; do docker image inspect "$c" >/dev/null 2>&1 && P=$c && break; done`,
    `[ -n "$P" ] || { echo 'no image with Bun is on the host: bun run deploy:pi brings one' >&2; exit 1; }`,
    `docker run --rm --read-only --network none --user 0:0 --cap-drop ALL ${RIGHTS} --security-opt no-new-privileges ` +
      `--pids-limit 64 ${mounts.map((mount) => `--volume ${quote(mount)} `).join('')}--entrypoint /usr/local/bin/bun "$P" -e ${quote(code)}`,
  ].join('\n')

const planOwnersStep = (site: Site, volume: string, users: readonly ExpectedService[]): Step => {
  const { uid = 0, gid = 0 } = users[0] ?? {}
  return {
    say: `give ${volume} and all in it to ${uid}:${gid}`,
    script: asRoot(site, [`${volume}:/v`], program(reconcileVolume, { path: '/v', uid, gid })),
    until: [],
  }
}

const selectSick = (site: Site, services: readonly ExpectedService[]): readonly ExpectedService[] =>
  services.filter((expected) => matchContainers(site.facts).some((pair) => pair.expected === expected && !isFine(pair)))

/** Owners and permissions in a volume; its users are started again where they are not well. */
export const planOwners = (site: Site, volume: string): readonly Step[] => {
  const users = listUsers(site, volume)
  if (!site.facts.host.readiness.volumes.includes(volume))
    throw new CliError(`${volume} is not there: bun run recover volume ${volume} brings it back`)
  return [planOwnersStep(site, volume, users), ...remakeAll(site, selectSick(site, users))]
}

/** Whose documents are in the database. */
const listStoring = (site: Site) => listServices(site).filter(({ needs }) => needs.includes(DATABASE))

/** The database is another from now on, on purpose: its services are told so where they remember the one that they had. */
const planForget = (site: Site): readonly Step[] => {
  const users = listStoring(site)
  const there = [...new Set(users.flatMap(({ volumes }) => volumes.map(({ name }) => name)))].filter((name) =>
    site.facts.host.readiness.volumes.includes(name),
  )
  if (there.length === 0) return []
  const code = program(forgetStores, { volumes: there.map((name) => `/v/${name}`), file: STORE_FILE })
  return [
    {
      say: `have ${users.map(({ name }) => name).join(', ')} take the database that is there now`,
      script: asRoot(
        site,
        there.map((name) => `${name}:/v/${name}`),
        code,
      ),
      until: [],
    },
  ]
}

/** Around a restore of a volume: who is stopped before, and what follows. */
export type VolumePlan = { readonly before: readonly Step[]; readonly after: readonly Step[] }

export const planVolume = (site: Site, volume: string, how: 'restored' | 'empty' | 'adopted'): VolumePlan => {
  const users = listUsers(site, volume)
  const there = site.facts.host.readiness.volumes.includes(volume)
  if (how === 'adopted' && !there) throw new CliError(`${volume} is not there: --empty makes a new one`)
  const isDatabase = users.some(({ name }) => name === DATABASE)
  // Whoever keeps documents in it takes up at its start that they are older now.
  const stopped = [...users, ...(isDatabase && how === 'restored' ? listStoring(site) : [])]
  return {
    before: [
      {
        say: `stop ${stopped.map(({ name }) => name).join(', ')}, which ${stopped.length === 1 ? 'uses' : 'use'} it`,
        script: `docker stop ${commandLine(...stopped.map(({ container }) => container))} >/dev/null 2>&1; :`,
        until: [],
      },
      ...(how === 'empty' && !there
        ? [{ say: `make ${volume}, empty`, script: createVolumeScript(volume), until: [] }]
        : []),
    ],
    after: [
      planOwnersStep(site, volume, users),
      ...(how !== 'restored' && isDatabase ? planForget(site) : []),
      ...remakeAll(site, stopped, volume),
    ],
  }
}

/** Owners and permissions of secrets and mounted files; services that are not well are started again. */
export const planSecrets = (site: Site): readonly Step[] => {
  const { dir } = site.facts
  const users = listServices(site).filter(({ files }) => files.length > 0)
  const files = users
    .flatMap(({ uid, files }) => files.map(({ path, secret }) => ({ path, uid, secret })))
    .filter(({ path }, index, all) => path.startsWith(`${dir}/`) && all.findIndex((one) => one.path === path) === index)
    .map((file) => ({ ...file, path: `/lucid/${file.path.slice(dir.length + 1)}` }))
  return [
    {
      say: `put the owners and permissions of ${files.length} secrets and files right`,
      script: asRoot(site, [`${dir}:/lucid`], program(reconcileFiles, files)),
      until: [],
    },
    ...remakeAll(site, selectSick(site, users)),
  ]
}
