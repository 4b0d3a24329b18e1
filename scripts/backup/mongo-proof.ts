import type { Lease } from '../host/lease.ts'
import { commandLine, quote } from '../host/quote.ts'
import { DRILL_LABEL } from './restore-script.ts'

export type MongoProof =
  | { readonly kind: 'healthy'; readonly image: string; readonly seconds: number }
  | { readonly kind: 'failed'; readonly image: string; readonly log: readonly string[] }
  | { readonly kind: 'not-run'; readonly reason: string }

/** The service as `docker compose config --format json` has it; what is used of it. */
type Service = {
  readonly image: string
  readonly user?: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly environment?: Readonly<Record<string, string | null>>
  readonly volumes?: readonly { readonly type: string; readonly source?: string; readonly target: string }[]
  readonly secrets?: readonly { readonly source: string; readonly target?: string }[]
  readonly healthcheck?: { readonly test?: readonly string[] }
}
type Config = {
  readonly services?: Readonly<Record<string, Service>>
  readonly secrets?: Readonly<Record<string, { readonly file?: string }>>
}

const NAME = 'lucid-drill-mongo'
const DATA = '/data/db'
/** Longest time until the database is well, s. */
const PATIENCE_S = 120

/**
 * The release's own container of the database on another volume and no network, as a script. It knows itself by the
 * name that the replica set has, which is its own loopback here: it can reach nobody else, the real one least of all.
 */
export const mongoRunLine = (config: Config, volume: string): string | undefined => {
  const service = config.services?.['mongo']
  if (service === undefined) return undefined
  const [program, ...words] = service.entrypoint ?? []
  const binds = (service.volumes ?? []).filter(({ type, target }) => type === 'bind' && target !== DATA)
  const secrets = (service.secrets ?? []).flatMap(({ source, target }) => {
    const file = config.secrets?.[source]?.file
    const at = target ?? source
    return file === undefined ? [] : [{ source: file, target: at.startsWith('/') ? at : `/run/secrets/${at}` }]
  })
  return commandLine(
    'docker',
    'run',
    '--detach',
    '--name',
    NAME,
    '--label',
    `${DRILL_LABEL}=1`,
    '--pull',
    'never',
    '--network',
    'none',
    '--add-host',
    'lucid_mongo:127.0.0.1',
    '--read-only',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
    ...(service.user === undefined ? [] : ['--user', service.user]),
    ...(service.tmpfs ?? []).flatMap((one) => ['--tmpfs', one]),
    ...Object.entries(service.environment ?? {}).flatMap(([key, value]) => ['--env', `${key}=${value ?? ''}`]),
    ...[...binds, ...secrets].flatMap(({ source, target }) => [
      '--mount',
      `type=bind,source=${source},target=${target},readonly`,
    ]),
    '--mount',
    `type=volume,source=${volume},target=${DATA},volume-nocopy`,
    ...(program === undefined ? [] : ['--entrypoint', program]),
    service.image,
    ...words,
    ...(service.command ?? []),
  )
}

const configOf = (text: string): Config | undefined => {
  try {
    return JSON.parse(text) as Config // Compose's own output; a member that is missing is looked at where it is used
  } catch {
    return undefined
  }
}

/** Starts the database of the current release on a restored volume and waits until its own health check is content. */
export const proveMongo = async (lease: Lease, volume: string): Promise<MongoProof> => {
  const { dir } = lease
  const { code, out } = await lease.run(
    `current=$(cat ${quote(`${dir}/deploy/current`)}) && ${commandLine('docker', 'compose', '--file')} ${quote(dir)}/releases/"$current"/compose.core.yaml config --format json`,
  )
  const config = code === 0 ? configOf(out) : undefined
  const service = config?.services?.['mongo']
  if (config === undefined || service === undefined)
    return { kind: 'not-run', reason: 'the host has no release whose database could be started' }
  const [how, ...check] = service.healthcheck?.test ?? []
  if (how !== 'CMD' || check.length === 0)
    return { kind: 'not-run', reason: 'the database of the release has no health check' }
  const there = await lease.run(`docker image inspect ${quote(service.image)} >/dev/null 2>&1`)
  if (there.code !== 0) return { kind: 'not-run', reason: `the image ${service.image} is not on the host` }
  const run = mongoRunLine(config, volume) ?? ''
  const proof = await lease.run(
    [
      `docker rm --force ${NAME} >/dev/null 2>&1`,
      `${run} >/dev/null || exit 1`,
      `n=0; while [ $n -lt ${PATIENCE_S} ]; do`,
      `${commandLine('docker', 'exec', NAME, ...check)} >/dev/null 2>&1 </dev/null && { echo "well after $n"; exit 0; }`,
      `[ "$(docker inspect --format '{{.State.Running}}' ${NAME})" = true ] || break`,
      'sleep 1; n=$((n + 1)); done',
      `docker logs --tail 20 ${NAME} 2>&1; exit 1`,
    ].join('\n'),
    { timeoutMs: (PATIENCE_S + 120) * 1000 },
  )
  const said = `${proof.out}${proof.err}`.trim().split('\n')
  if (proof.code !== 0) return { kind: 'failed', image: service.image, log: said }
  return { kind: 'healthy', image: service.image, seconds: Number(/well after (\d+)/.exec(proof.out)?.[1] ?? 0) }
}
