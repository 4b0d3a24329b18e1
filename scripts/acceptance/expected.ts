import { type Bundle, composeFile, type Member } from '../release/content/release.ts'

/** What a release says that a container is. Sizes are bytes. */
export type ExpectedContainer = {
  readonly service: string
  readonly container: string
  readonly image: string
  readonly proof: Member['proof']
  /** True for an image of ours, which has Bun in it. */
  readonly ours: boolean
  readonly user: string
  readonly memory: number
  readonly cpus: number
  readonly pids: number
  readonly logs: Readonly<Record<string, string>>
  readonly networks: readonly string[]
  /** Ports of the container to ports of the host. */
  readonly ports: Readonly<Record<string, string>>
}

type ReadService = {
  readonly user?: string
  readonly cpus?: number
  readonly pids_limit?: number
  readonly logging?: { readonly options?: Readonly<Record<string, string>> }
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
}

/** `127.0.0.1:8190:8090` as container port and host port. */
const portOf = (binding: string): readonly [string, string] => {
  const words = binding.split(':')
  return [words.at(-1) ?? '', words.at(-2) ?? '']
}

/** Everything that a release says of its containers, in the order in which they are started. Pure. */
export const listExpected = ({ release, files }: Pick<Bundle, 'release' | 'files'>): readonly ExpectedContainer[] => {
  const ours = new Set(release.images.map(({ name }) => name))
  return release.stacks.flatMap(({ stack, members }) => {
    // Written by renderStack, and its hash is in release.json.
    const file = Bun.YAML.parse(files[composeFile(stack)] ?? '') as {
      readonly services?: Readonly<Record<string, ReadService>>
    } | null
    return members.map((member): ExpectedContainer => {
      const {
        user = '',
        cpus = 0,
        pids_limit = 0,
        logging,
        networks = [],
        ports = [],
      } = file?.services?.[member.service] ?? {}
      return {
        service: member.service,
        container: member.container,
        image: member.image,
        proof: member.proof,
        ours: ours.has(member.image),
        user,
        memory: member.memory,
        cpus,
        pids: pids_limit,
        logs: logging?.options ?? {},
        networks,
        ports: Object.fromEntries(ports.map(portOf)),
      }
    })
  })
}
