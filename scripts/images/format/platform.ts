/** The platforms that images are built for, and what each is called elsewhere. */

export type Platform = 'linux/amd64' | 'linux/arm64'

export type PlatformFacts = {
  readonly os: 'linux'
  readonly architecture: 'amd64' | 'arm64'
  /** Debian's folder for libraries of this architecture. */
  readonly triplet: string
  readonly machine: number
  readonly bun: string
  /** The end of the name of an npm package with a native addon for it. */
  readonly addonSuffix: string
}

/** x64 is Bun's *baseline* build: it asks for no AVX2, so that the image also starts on old machines. */
export const platforms = {
  'linux/amd64': {
    os: 'linux',
    architecture: 'amd64',
    triplet: 'x86_64-linux-gnu',
    machine: 62,
    bun: '@oven/bun-linux-x64-baseline',
    addonSuffix: '-linux-x64-gnu',
  },
  'linux/arm64': {
    os: 'linux',
    architecture: 'arm64',
    triplet: 'aarch64-linux-gnu',
    machine: 183,
    bun: '@oven/bun-linux-aarch64',
    addonSuffix: '-linux-arm64-gnu',
  },
} as const satisfies Readonly<Record<Platform, PlatformFacts>>

export const platformNames = Object.keys(platforms) as readonly Platform[] // the keys of a const object

export type Architecture = PlatformFacts['architecture']

export const architectures: readonly Architecture[] = platformNames.map((name) => platforms[name].architecture)
