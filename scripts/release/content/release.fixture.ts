import { type Stack, stacks } from '#catalog'
import { type Bundle, composeFile, type Member, type Release } from './release.ts'

export type ReleaseSample = {
  readonly id: string
  /** Service to the version of its image; a service that is not named is not in the release. */
  readonly services: Readonly<Record<Stack, Readonly<Record<string, number>>>>
  readonly migrations?: Release['migrations']
}

const member = (service: string, version: number): Member => ({
  service,
  container: service,
  image: `local/test:${service}-${version}`,
  proof: { kind: 'healthy', command: ['true'] },
  memory: 2 ** 20,
  ports: [],
  volumes: [],
})

/** A release of small make-believe services. */
export const sampleRelease = ({ id, services, migrations = {} }: ReleaseSample): Release => {
  const members = stacks.map((stack) => ({
    stack,
    members: Object.entries(services[stack]).map(([name, version]) => member(name, version)),
    env: {},
  }))
  return {
    format: 'lucid/release/v1',
    id,
    version: '0.0.0',
    revision: 'none',
    madeBy: 'test',
    madeAt: 0,
    signer: '00',
    platform: 'linux/amd64',
    images: members
      .flatMap((one) => one.members)
      .map(({ service, image }) => ({
        service,
        name: image,
        pull: image,
        digest: `sha256:${'0'.repeat(64)}`,
        manifest: '',
        config: '',
        layers: [],
      })),
    stock: [],
    stacks: members.filter((one) => one.members.length > 0),
    files: Object.fromEntries(stacks.map((stack) => [composeFile(stack), JSON.stringify(services[stack])])),
    support: {},
    secrets: [],
    networks: [],
    volumes: [],
    migrations,
  }
}

export const sampleBundle = (release: Release): Bundle => ({ release, files: {}, support: {} })
