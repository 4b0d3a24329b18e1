import { CliError, EXIT_USAGE } from '../../cli/fail.ts'

/** A repository of a registry. */
export type Repository = {
  /** Where its API is, without a slash at the end: `https://host[:port]`. */
  readonly origin: string
  /** The name it has in Docker's configuration. */
  readonly host: string
  /** Path of the repository in the registry: `pickme/lucid`. */
  readonly name: string
}

/** A reference without a host means this registry (distribution/reference, "familiar names"). */
const DEFAULT = { host: 'docker.io', api: 'registry-1.docker.io' } as const

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const nameShape = new RegExp(`^${component}(?:/${component})*$`)

/** Whether a host, with or without a port, is this machine: only there is plain HTTP spoken. */
export const isLoopback = (host: string): boolean => loopback.test(host)

/**
 * Reads `[HOST[:PORT]/]PATH` as Docker does: the first part is a host when it has a dot or a port or is
 * `localhost`. Throws CliError (usage) for a tag, a digest or an upper-case letter.
 */
export const parseRepository = (text: string): Repository => {
  const [first = '', ...rest] = text.split('/')
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const host = named ? first : DEFAULT.host
  const path = named ? rest.join('/') : text
  const name = host === DEFAULT.host && !path.includes('/') ? `library/${path}` : path
  if (
    !nameShape.test(name) ||
    name.length > 255 ||
    !/^[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+)?$|^\[[0-9a-f:]+\](?::\d+)?$/.test(host)
  )
    throw new CliError(`'${text}' is no repository: use [HOST[:PORT]/]PATH in lower case, without a tag`, {
      exitCode: EXIT_USAGE,
    })
  const api = host === DEFAULT.host ? DEFAULT.api : host
  return { origin: `${isLoopback(host) ? 'http' : 'https'}://${api}`, host, name }
}

/** A tag as the distribution specification allows it. Throws CliError (usage). */
export const checkTag = (tag: string): string => {
  if (/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(tag)) return tag
  throw new CliError(`'${tag}' is no tag: letters, digits, dots, dashes and underscores, at most 128`, {
    exitCode: EXIT_USAGE,
  })
}
