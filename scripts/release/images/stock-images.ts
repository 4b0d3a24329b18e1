import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { ask, type Patience } from './ask.ts'
import { hostFault } from './faults.ts'
import { pullFault } from './pull-faults.ts'

/** Where images of somebody else's come from: a registry, or they are on the host already. */
export type StockSource = 'registry' | 'host'

export type StockOptions = Patience & { readonly from: StockSource }

type Stock = { readonly service: string; readonly name: string }

/** The setting that names another image for a service. */
const settings: Readonly<Record<string, string>> = { mongo: 'LUCID_MONGO_IMAGE', 'mongo-init': 'LUCID_MONGO_IMAGE' }

const HAS = 'lucid-has'
const STORE = 'lucid-store'

const askScript = (names: readonly string[]): string =>
  [
    `docker info --format '${STORE} {{.Driver}}' || exit 1`,
    ...names.map((name, at) => `docker image inspect --format '${HAS} ${at}' ${quote(name)} 2>/dev/null || :`),
  ].join('\n')

/** What is loaded from a file has lost the digest of its registry, so that a name with one does not find it. */
const remedy = (host: string, { service, name }: Stock): string => {
  const tagged = name.replace(/@.*$/, '')
  const load = host === 'this machine' ? 'docker load' : `ssh ${host} docker load`
  const setting = settings[service]
  const named = setting === undefined ? '' : `, then set ${setting}=${tagged} (or to an image that is there)`
  return `${host} has no ${name} (for ${service}): docker save ${tagged} | ${load}${named}`
}

/** Sees to it that somebody else's images are there; answers those that were pulled. Throws CliError, LeaseLost. */
export const stockImages = async (
  lease: Lease,
  images: readonly Stock[],
  { from, ...patience }: StockOptions,
): Promise<readonly string[]> => {
  const stock = images.filter((one, at) => images.findIndex(({ name }) => name === one.name) === at)
  if (stock.length === 0) return []
  const host = lease.shell.name
  const answer = await ask(lease, askScript(stock.map(({ name }) => name)), patience)
  const lines = answer.out.split('\n').map((one) => one.trimEnd())
  if (answer.code !== 0 || !lines.some((one) => one.startsWith(STORE)))
    throw hostFault(host, 'docker', answer, { dir: lease.dir })
  const missing = stock.filter((_, at) => !lines.includes(`${HAS} ${at}`))
  if (missing.length > 0 && from === 'host') {
    const [first = '', ...more] = missing.map((one) => remedy(host, one))
    throw new CliError(first, { details: more })
  }
  for (const { name } of missing) {
    const pulled = await ask(lease, commandLine('docker', 'pull', '--quiet', name), patience)
    if (pulled.code !== 0) throw pullFault(host, name, pulled, { dir: lease.dir })
  }
  return missing.map(({ name }) => name)
}
