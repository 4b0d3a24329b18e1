import { HEALTH_COMMAND } from './compose.ts'
import {
  binds,
  equal,
  type Files,
  hostPorts,
  type LooseFile,
  mebibytes,
  named,
  namesSecret,
  type ServiceRule,
} from './compose-loose.ts'
import { IMAGE, MONGO_PASSWORD } from './compose-model.ts'
import { mongoRules } from './mongo-rules.ts'
import { MEMORY_BUDGET, networkStack, networks, UNROUTED, volumes } from './network.ts'
import { toolRules } from './tool-rules.ts'

/** What every service of ours must be, one rule a row (SPEC section 2). True is kept. */
export const serviceRules: Readonly<Record<string, ServiceRule>> = {
  image: (s, { name }) => s.image === `${IMAGE}:${name}`,
  'container name': (s, { name }) => s.container_name === name,
  'user lucid': (s) => s.user === '65532:65532',
  'read-only root': (s) => s.read_only === true,
  'tmpfs /tmp': (s) => (s.tmpfs ?? []).length === 1 && /^\/tmp:rw,noexec,nosuid,size=\d+m$/.test(s.tmpfs?.[0] ?? ''),
  'no capabilities': (s) => equal(s.cap_drop, ['ALL']) && s['cap_add'] === undefined,
  'no new privileges': (s) => equal(s.security_opt, ['no-new-privileges:true']),
  'not privileged': (s) =>
    ['privileged', 'devices', 'network_mode', 'pid', 'ipc', 'userns_mode'].every((key) => s[key] === undefined),
  'memory limit': (s) => mebibytes(s.mem_limit) > 0,
  'cpu limit': (s) => (s.cpus ?? 0) > 0,
  'pids limit': (s) => (s.pids_limit ?? 0) > 0,
  'bounded logs': (s) => equal(s.logging, { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } }),
  'exec-form health check': (s) => equal(s.healthcheck?.test, HEALTH_COMMAND),
  restart: (s) => s.restart === 'unless-stopped',
  'stop grace period': (s) => /^\d+s$/.test(s.stop_grace_period ?? ''),
  labels: (s, { name, stack }) =>
    s.labels?.['org.lucid.service'] === name &&
    s.labels['org.lucid.stage'] === stack &&
    /^(ops|chain|wallet)$/.test(s.labels['org.lucid.plane'] ?? '') &&
    (s.labels['org.lucid.cluster'] ?? '') !== '',
  'loopback ports': (s) => (s.ports ?? []).every((port) => /^127\.0\.0\.1:\d+:\d+$/.test(port)),
  'env file of its stack': (s, { stack }) => equal(s.env_file, [`../env/.env.${stack}`]),
  'secrets as files': (s, { file }) =>
    !Object.keys(s.environment ?? {}).some(namesSecret) &&
    (s.secrets ?? []).every(
      ({ source, target }) =>
        file.secrets?.[source] !== undefined && s.environment?.[`${target}_FILE`] === `/run/secrets/${target}`,
    ),
  'own database user': (s, { name }) =>
    (s.secrets ?? []).some(({ target }) => target === MONGO_PASSWORD)
      ? s.environment?.['MONGO_USER'] === name &&
        /^\$\{LUCID_MONGO_URL:-mongodb:\/\/[^@]+\}$/.test(s.environment['MONGO_URL'] ?? '')
      : !Object.keys(s.environment ?? {}).some((key) => key.startsWith('MONGO_')),
  'dependencies inside the file': (s, { file }) =>
    Object.keys(s.depends_on ?? {}).every((need) => {
      const other = file.services?.[need]
      return other !== undefined && other.profiles === undefined
    }),
  'declared networks': (s, { file }) =>
    (s.networks ?? []).length > 0 && (s.networks ?? []).every((name) => file.networks?.[name] !== undefined),
  'declared volumes': (s, { file }) => named(s).every((name) => file.volumes?.[name] !== undefined),
  'no other bind mount': (s) =>
    binds(s).every(
      (bind) =>
        typeof bind !== 'string' &&
        bind.read_only === true &&
        (bind.target === '/run/lucid/identities.json' ||
          (bind.source === '/etc/machine-id' && bind.target === '/run/lucid/MACHINE_ID')),
    ),
}

/** Services that cannot keep some rule, each with what holds there instead. compose/README.md has the reasons. */
export const exceptions: Readonly<Record<string, Readonly<Record<string, ServiceRule>>>> = {
  ...mongoRules,
  ...toolRules,
}

const rulesFor = (name: string) => Object.entries({ ...serviceRules, ...exceptions[name] })

const hasNetwork = (stack: string, file: LooseFile, name: string) => {
  const actual = file.networks?.[name]
  const network = Object.entries(networks).find(([key]) => key === name)?.[1]
  if (actual === undefined || network === undefined) return false
  const expected = {
    name,
    driver: 'bridge',
    ...(network.unrouted && { driver_opts: UNROUTED }),
    ...(network.internal && { internal: true }),
    ipam: { config: [{ subnet: network.subnet }] },
  }
  return equal(actual, stack === networkStack ? expected : { name, external: true })
}

/** What every file must be. */
export const fileRules: Readonly<Record<string, (file: LooseFile, stack: string) => boolean>> = {
  'project name': (file, stack) => file.name === `lucid-${stack}`,
  networks: (file, stack) =>
    Object.keys(file.networks ?? {}).every((name) => hasNetwork(stack, file, name)) &&
    (stack !== networkStack || equal(Object.keys(file.networks ?? {}), Object.keys(networks))),
  volumes: (file) =>
    Object.entries(file.volumes ?? {}).every(([name, volume]) => volume.name === name && volumes.includes(name)),
  'secrets under the state folder': (file) =>
    Object.values(file.secrets ?? {}).every(({ file: path }) => path.startsWith(`$\{LUCID_MOUNT_PATH:-`)),
}

const repeated = <T>(values: readonly T[]) => values.filter((value, at) => values.indexOf(value) !== at)

/** What all files together must be; each answers what breaks it. */
export const rulesOfAll: Readonly<Record<string, (files: readonly LooseFile[]) => readonly string[]>> = {
  'unique host ports': (files) => repeated(files.flatMap((f) => Object.values(f.services ?? {}).flatMap(hostPorts))),
  'unique services': (files) => repeated(files.flatMap((f) => Object.keys(f.services ?? {}))),
  'memory budget': (files) => {
    const services = files.flatMap((f) => Object.values(f.services ?? {}))
    const bytes = services.reduce((sum, { mem_limit }) => sum + (mebibytes(mem_limit) || 0) * 2 ** 20, 0)
    return bytes <= MEMORY_BUDGET ? [] : [`${bytes} bytes`]
  },
}

/** Every breach as `stack/service: rule`, `stack: rule` or `rule: what`. Empty is good. */
export const breaches = (files: Files): readonly string[] => {
  const found: string[] = []
  for (const [stack, file] of Object.entries(files)) {
    for (const [rule, keeps] of Object.entries(fileRules)) if (!keeps(file, stack)) found.push(`${stack}: ${rule}`)
    for (const [name, service] of Object.entries(file.services ?? {}))
      for (const [rule, keeps] of rulesFor(name))
        if (!keeps(service, { name, stack, file })) found.push(`${stack}/${name}: ${rule}`)
  }
  for (const [rule, broken] of Object.entries(rulesOfAll))
    for (const what of broken(Object.values(files))) found.push(`${rule}: ${what}`)
  return found
}
