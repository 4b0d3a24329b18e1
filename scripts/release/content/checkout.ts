import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, posix, relative, resolve } from 'node:path'
import { catalog, clients, defaults, type Entry, type Stack, stacks, tools } from '#catalog'
import packageJson from '../../../package.json' with { type: 'json' }
import { CliError } from '../../cli/fail.ts'
import { derivedSecrets } from '../../derive/derived-secrets.ts'
import { loadStoreSchemas, storeServices } from '../../derive/store-schemas.ts'
import { readRevision } from '../../images/build/revision.ts'
import { readImagesLock } from '../../images/layout/digests-lock.ts'
import { openLayout } from '../../images/layout/layout.ts'
import { releaseImages } from '../images/release-images.ts'
import type { Parts } from './assemble.ts'
import { findEnvFaults, parseEnvFile, readDefaults } from './env-file.ts'
import type { SchemaVersion } from './release.ts'

/** A release's parts as this checkout has them, and the keys of env files that nobody filled in. */
export type Checkout = { readonly parts: Parts; readonly placeholders: readonly string[] }

const envFolder = (root: string): string => join(root, 'env')

/** Keys that the host makes files of: an env file that still has one would stop the service. */
const derivedKeys = [
  ...Object.values(derivedSecrets).flatMap((keys) => Object.keys(keys)),
  ...Object.values<Entry>(catalog).flatMap(({ hostFiles = {} }) => Object.keys(hostFiles)),
]

/** The values of a stack's env file: the real one, or what the committed example says. */
const readEnv = (
  root: string,
  folder: string,
  stack: Stack,
): { readonly values: Readonly<Record<string, string>>; readonly faults: readonly string[] } => {
  const real = join(folder, `.env.${stack}`)
  const path = relative(root, real).startsWith('..') ? real : relative(root, real)
  if (!existsSync(real)) {
    const example = join(envFolder(root), `.env.${stack}.example`)
    return { values: existsSync(example) ? readDefaults(readFileSync(example, 'utf8')) : {}, faults: [] }
  }
  const { values, faults } = parseEnvFile(readFileSync(real, 'utf8'))
  return {
    values,
    faults: [
      ...faults.map(({ line, what }) => `${path}:${line}: ${what}`),
      ...findEnvFaults(values, { files: derivedKeys }).map((fault) => `${path}: ${fault}`),
    ],
  }
}

type Mounts = {
  readonly services?: Readonly<Record<string, { readonly volumes?: readonly (string | { readonly source: string })[] }>>
}

const parseMounts = (text: string): readonly string[] =>
  Object.values((Bun.YAML.parse(text) as Mounts).services ?? {}).flatMap(({ volumes = [] }) =>
    volumes.flatMap((one) =>
      typeof one !== 'string' && one.source.startsWith('./') ? [posix.normalize(one.source)] : [],
    ),
  )

const readSchemaVersions = async (): Promise<Readonly<Record<string, SchemaVersion>>> =>
  Object.fromEntries(
    Object.entries(await loadStoreSchemas(storeServices())).map(([service, { migrations }]) => [
      service,
      {
        version: migrations.at(-1)?.version ?? 0,
        irreversible: migrations.filter(({ down }) => down === 'irreversible').map(({ version }) => version),
      },
    ]),
  )

/** What `uname -m` calls the platforms of images, for a host whose engine does not answer. */
const machines: Readonly<Record<string, string>> = { aarch64: 'linux/arm64', x86_64: 'linux/amd64' }

/** The host's platform; where there is no image for it, one that there is, so that preflight can name that. */
export const choosePlatform = (
  dist: string,
  { platform, machine }: { readonly platform: string; readonly machine: string },
): string => {
  const expected = platform || (machines[machine] ?? machine)
  const [service] = Object.keys(readImagesLock(dist).digests)
  const built = service === undefined ? [] : openLayout(join(dist, service)).images.map((one) => `${one.platform}`)
  const isBuilt = built.some((one) => one === expected || one.startsWith(`${expected}/`))
  return isBuilt ? expected : (built[0]?.split('/').slice(0, 2).join('/') ?? expected)
}

export type CheckoutOptions = {
  readonly root: string
  readonly dist: string
  readonly platform: string
  readonly dir: string
  /** HOST/PATH where a registry has the images; what the env file says unless given. */
  readonly repository: string | undefined
  /** Folder of the env files, absolute; the checkout's own unless given. */
  readonly env?: string | undefined
}

/** The folder that `--env` or LUCID_ENV_FOLDER names, absolute. Throws CliError when it is not there. */
export const resolveEnvFolder = (
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  const folder = flag ?? (env['LUCID_ENV_FOLDER'] || undefined)
  if (folder === undefined) return undefined
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new CliError(`${folder} is no folder: --env names the one with .env.core, .env.sessions, ...`)
  return resolve(folder)
}

/** Reads everything that a release of this checkout is made of. Throws CliError when images are missing or are not those of the lock. */
export const readCheckout = async ({
  root,
  dist,
  platform,
  dir,
  repository,
  env = envFolder(root),
}: CheckoutOptions): Promise<Checkout> => {
  const files = stacks.flatMap((stack) => {
    const path = join(root, 'compose', `docker-compose.${stack}.yaml`)
    return existsSync(path) ? [{ stack, text: readFileSync(path, 'utf8'), ...readEnv(root, env, stack) }] : []
  })
  const variables = files.find(({ stack }) => stack === 'core')?.values ?? {}
  const where = repository ?? (variables['LUCID_IMAGE_REPO'] || defaults.LUCID_IMAGE_REPO)
  const images = releaseImages(dist, platform, where)
  const expected = [...Object.keys(catalog), ...Object.keys(tools)]
  const missing = expected.filter((name) => !images.some(({ service }) => service === name))
  if (missing.length > 0) throw new CliError(`no image of ${missing.join(', ')} in ${dist}: bun run build-distroless`)
  return {
    placeholders: files.flatMap(({ faults }) => faults),
    parts: {
      platform,
      dir,
      stacks: files.map(({ stack, text, values }) => ({ stack, text, env: values })),
      variables,
      images: images.filter(({ service }) => expected.includes(service)),
      tools: Object.keys(tools),
      mounted: Object.fromEntries(
        files
          .flatMap(({ text }) => parseMounts(text))
          .map((path) => [path, readFileSync(join(root, 'compose', path), 'utf8')]),
      ),
      identities: [...Object.keys(catalog), ...Object.keys(clients)],
      migrations: await readSchemaVersions(),
    },
  }
}

/** Version and commit of a checkout. */
export const readOrigin = (root: string): { readonly version: string; readonly revision: string } => {
  const { revision, dirty } = readRevision(root)
  return { version: packageJson.version, revision: `${revision}${dirty ? '+' : ''}` }
}
