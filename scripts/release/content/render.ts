import { posix } from 'node:path'
import type { Stack } from '#catalog'
import { parseBytes } from '../expected/service.ts'
import { escapeAll, interpolateAll } from './interpolate.ts'
import type { Member, Proof, ReleaseStack } from './release.ts'

type ReadService = {
  readonly image: string
  readonly container_name?: string
  readonly profiles?: readonly string[]
  readonly restart?: string
  readonly mem_limit?: string | number
  readonly ulimits?: Readonly<Record<string, string | number>>
  readonly env_file?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly volumes?: readonly (string | { readonly type: string; readonly source: string; readonly target: string })[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly labels?: Readonly<Record<string, string>>
}
type ReadFile = {
  readonly name: string
  readonly services?: Readonly<Record<string, ReadService>>
  readonly networks?: Readonly<Record<string, unknown>>
  readonly volumes?: Readonly<Record<string, unknown>>
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>
}

export type RenderInput = {
  readonly stack: Stack
  readonly text: string
  readonly env: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  readonly dir: string
  /** Services of ours to the name of their image on the host. A service that is not in it keeps what the file says. */
  readonly images: Readonly<Record<string, string>>
  readonly tools: readonly string[]
  /** Mounted files, by their path from the folder of Compose files, to their place under DIR. */
  readonly support: Readonly<Record<string, string>>
  /** Changes when a service must read the public identities anew. */
  readonly identities: string
  /** A short digest, for values that must not be shown. */
  readonly digest: (text: string) => string
}

export type Rendered = {
  readonly text: string
  readonly stack: ReleaseStack
  readonly secrets: readonly string[]
  readonly volumes: readonly string[]
  readonly networks: readonly string[]
}

const chooseProof = ({ healthcheck, restart }: ReadService): Proof => {
  if (healthcheck !== undefined) return { kind: 'healthy', command: healthcheck.test.slice(1) }
  return { kind: restart?.startsWith('on-failure') ? 'ends' : 'runs' }
}

/** `127.0.0.1:8080:80` takes port 8080 of the host. */
const hostPort = (binding: string): number => Number(binding.split(':').at(-2))

const namedVolumes = ({ volumes = [] }: ReadService): readonly string[] =>
  volumes.flatMap((one) => (typeof one === 'string' ? [one.split(':', 1)[0] ?? ''] : []))

type Entry = readonly [name: string, service: ReadService]

const environmentOf = ({ env_file, environment }: ReadService, env: RenderInput['env']) => ({
  ...(env_file !== undefined && env),
  ...environment,
})

/** What a mount of a file becomes: the file of the release, at its place under DIR. Throws RangeError. */
const findSource = (source: string, { stack, support, dir }: RenderInput): string => {
  if (source.startsWith('/')) return source
  const path = support[posix.normalize(source)]
  if (path === undefined) throw new RangeError(`${stack}: ${source} is mounted and not among the files of the release`)
  return `${dir}/${path}`
}

const renderService = ([name, service]: Entry, input: RenderInput) => {
  const { images, identities, env } = input
  const { profiles, env_file, depends_on = {}, ...rest } = service
  const environment = environmentOf(service, env)
  const started = Object.entries(depends_on).filter(([, { condition }]) => condition === 'service_started')
  return {
    ...rest,
    image: images[name] ?? service.image,
    pull_policy: 'never',
    // A limit that a variable gave is a text here; Compose's schema has it as a number.
    ...(rest.ulimits !== undefined && {
      ulimits: Object.fromEntries(Object.entries(rest.ulimits).map(([key, limit]) => [key, Number(limit)])),
    }),
    ...(Object.keys(environment).length > 0 && { environment }),
    ...(rest.volumes !== undefined && {
      volumes: rest.volumes.map((one) =>
        typeof one === 'string' ? one : { ...one, source: findSource(one.source, input) },
      ),
    }),
    ...(started.length > 0 && { depends_on: Object.fromEntries(started) }),
    labels: { ...rest.labels, ...(images[name] !== undefined && { 'org.lucid.identities': identities }) },
  }
}

const describeMember = ([name, service]: Entry, { images }: RenderInput): Member => ({
  service: name,
  container: service.container_name ?? name,
  image: images[name] ?? service.image,
  proof: chooseProof(service),
  memory: parseBytes(service.mem_limit),
  ports: (service.ports ?? []).map(hostPort),
  volumes: namedVolumes(service),
})

const digestEnvironment = ([name, service]: Entry, { env, digest }: RenderInput) => [
  name,
  Object.fromEntries(Object.entries(environmentOf(service, env)).map(([key, value]) => [key, digest(value)])),
]

/**
 * The Compose file of a stack as a release has it: complete, so that it means the same on any day: images by their content
 * and never pulled, the environment inlined, mounted files at a place that changes with their content alone. Of
 * `depends_on` only the order of a start is kept: our services wait for each other by themselves, and a host's restart never looks at it.
 */
export const renderStack = (input: RenderInput): Rendered => {
  const { stack, text, variables, dir, tools } = input
  // Written by derive and held to the rules of compose-rules.ts.
  const file = interpolateAll(Bun.YAML.parse(text), { ...variables, LUCID_MOUNT_PATH: dir }) as ReadFile
  const members = Object.entries(file.services ?? {}).filter(([name]) => !tools.includes(name))
  const services = Object.fromEntries(members.map((one) => [one[0], renderService(one, input)]))
  const rendered = JSON.parse(JSON.stringify(escapeAll({ ...file, services })))
  return {
    text: `${Bun.YAML.stringify(rendered, null, 2)}\n`,
    stack: {
      stack,
      members: members.map((one) => describeMember(one, input)),
      env: Object.fromEntries(members.map((one) => digestEnvironment(one, input))),
    },
    secrets: Object.values(file.secrets ?? {}).map(({ file: path }) => path.split('/').slice(-2).join('/')),
    volumes: [...new Set(members.flatMap(([, service]) => namedVolumes(service)))],
    networks: Object.keys(file.networks ?? {}),
  }
}
