import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'

/** How a registry is told who we are; none means anonymous. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** A refresh token that is exchanged at the registry's token service. */
  | { readonly kind: 'token'; readonly token: string }

/** What of Docker's config.json concerns us. */
export type DockerConfig = {
  readonly auths?: Readonly<
    Record<
      string,
      {
        readonly auth?: string
        readonly identitytoken?: string
        readonly username?: string
        readonly password?: string
      }
    >
  >
  readonly credsStore?: string
  readonly credHelpers?: Readonly<Record<string, string>>
}

/** What a registry may be written under: its host, or the address of its API in one of its versions. */
const readArchiveKeys = (host: string): readonly string[] => [
  host,
  `https://${host}`,
  `https://${host}/`,
  `https://${host}/v1/`,
  `https://${host}/v2/`,
]

/** The helper program that keeps the credentials of a host, and the name it knows the host by. */
export const findHelper = (
  config: DockerConfig,
  host: string,
): { readonly program: string; readonly server: string } | undefined => {
  const [server = host] = readArchiveKeys(host)
  const helper = config.credHelpers?.[host] ?? config.credHelpers?.[server] ?? config.credsStore
  return helper === undefined || helper === '' ? undefined : { program: `docker-credential-${helper}`, server }
}

const tokenOr = (user: string, password: string): Credentials =>
  user === '<token>' ? { kind: 'token', token: password } : { kind: 'password', user, password }

/** The credentials that config.json itself holds for a host. Throws CliError when they are not readable. */
export const storedCredentials = (config: DockerConfig, host: string): Credentials => {
  const entry = readArchiveKeys(host).flatMap((key) => config.auths?.[key] ?? [])[0]
  if (entry === undefined) return { kind: 'none' }
  if (entry.identitytoken) return { kind: 'token', token: entry.identitytoken }
  if (entry.username !== undefined && entry.password !== undefined)
    return { kind: 'password', user: entry.username, password: entry.password }
  if (!entry.auth) return { kind: 'none' }
  const pair = Buffer.from(entry.auth, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 1) throw new CliError(`Docker's config.json has no user:password for ${host}: docker login ${host}`)
  // The Go client pads what it writes with zero bytes.
  return { kind: 'password', user: pair.slice(0, colon), password: pair.slice(colon + 1).replace(/\0+$/, '') }
}

type Helper = (program: string, server: string) => Promise<{ readonly code: number; readonly out: string }>

const runHelper: Helper = async (program, server) => {
  const path = Bun.which(program)
  if (path === null) throw new CliError(`Docker's config.json keeps passwords with ${program}, which is not in PATH`)
  const child = Bun.spawn([path, 'get'], { stdin: new TextEncoder().encode(server), stderr: 'ignore' })
  const out = await new Response(child.stdout).text()
  return { code: await child.exited, out }
}

const fromHelper = (out: string, program: string): Credentials => {
  try {
    const answer: unknown = JSON.parse(out)
    if (typeof answer === 'object' && answer !== null && 'Username' in answer && 'Secret' in answer)
      return tokenOr(String(answer.Username), String(answer.Secret))
  } catch {
    // said below
  }
  throw new CliError(`${program} answered no user and secret: docker login again`)
}

/** The credentials of a registry from Docker's configuration. Throws CliError when they cannot be read. */
export const credentialsFor = async (
  host: string,
  { env, helper = runHelper }: { readonly env: Readonly<Record<string, string | undefined>>; readonly helper?: Helper },
): Promise<Credentials> => {
  const path = join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json')
  if (!existsSync(path)) return { kind: 'none' }
  let config: DockerConfig
  try {
    config = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new CliError(`${path} is not JSON: mend it, or docker login again`)
  }
  const found = findHelper(config, host)
  if (found === undefined) return storedCredentials(config, host)
  const { code, out } = await helper(found.program, found.server)
  // A helper that knows nothing of a host fails; the plain file may still know it.
  return code === 0 ? fromHelper(out, found.program) : storedCredentials(config, host)
}
