import { EXIT_USAGE } from '#common/cli/read-command'
import { CliError } from '../../cli/fail.ts'

/** A repository of a registry. */
export type Repository = {
  /** Where its API is, without a slash at the end: `https://host[:port]`. */
  readonly origin: string
  /** The name it has in Docker's configuration. */
  readonly host: string
  readonly name: string
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const nameShape = new RegExp(`^${component}(?:/${component})*$`)

/** Whether a host, with or without a port, is this machine: only there is plain HTTP spoken. */
export const isLoopback = (host: string): boolean => loopback.test(host)

/**
 * Reads `[HOST[:PORT]/]PATH` as Docker does: the first part is a host when it has a dot or a port or is
 * `localhost`. Without one it is `registry`, the machine's own choice (LUCID_REGISTRY): no public registry is
 * anybody's default. Throws CliError (usage) for no host at all, a tag, a digest or an upper-case letter.
 */
export const parseRepository = (text: string, registry: string | undefined): Repository => {
  const [first = '', ...rest] = text.split('/')
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const name = named ? rest.join('/') : text
  if (nameShape.test(name) && !named && registry === undefined)
    throw new CliError(`'${text}' names no registry: use HOST/${text}, or set LUCID_REGISTRY to the host`, {
      exitCode: EXIT_USAGE,
    })
  const host = named ? first : (registry ?? '')
  if (
    !nameShape.test(name) ||
    name.length > 255 ||
    !/^[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+)?$|^\[[0-9a-f:]+\](?::\d+)?$/.test(host)
  )
    throw new CliError(`'${text}' is no repository: use [HOST[:PORT]/]PATH in lower case, without a tag`, {
      exitCode: EXIT_USAGE,
    })
  return { origin: `${isLoopback(host) ? 'http' : 'https'}://${host}`, host, name }
}

/** A tag as the distribution specification allows it. Throws CliError (usage). */
export const checkTag = (tag: string): string => {
  if (/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(tag)) return tag
  throw new CliError(`'${tag}' is no tag: letters, digits, dots, dashes and underscores, at most 128`, {
    exitCode: EXIT_USAGE,
  })
}
