import { stock } from '#catalog'
import { binds, equal, mebibytes, named, none, type ServiceRule } from './compose-loose.ts'
import { MONGO_PASSWORD, secretName } from './compose-model.ts'
import { cacheGB } from './mongo.ts'

const HEALTH = ['CMD', '/bin/bash', '/opt/lucid/health.sh']

/** Only scripts that stand beside the Compose file, and only to be read. */
const scripts =
  (...names: readonly string[]): ServiceRule =>
  (service) =>
    equal(
      binds(service).map(({ source, target, read_only, bind }) => [source, target, read_only, bind.create_host_path]),
      names.map((name) => [`./mongo/${name}`, `/opt/lucid/${name}`, true, false]),
    )

const tmpfs =
  (...paths: readonly string[]): ServiceRule =>
  (service) =>
    equal(
      (service.tmpfs ?? []).map((mount) => mount.split(':')[0]),
      paths,
    ) && (service.tmpfs ?? []).every((mount) => /^[^:]+:rw,noexec,nosuid,size=\d+m(,|$)/.test(mount))

/** The image that SPEC names, by digest, or another that the operator names. */
const image: ServiceRule = (service) =>
  service.image === `$\{LUCID_MONGO_IMAGE:-${stock.mongo.image}}` &&
  /^mongo:7@sha256:[0-9a-f]{64}$/.test(stock.mongo.image)

/** Any secret that the database or its set-up has is a file of the state folder, and none is in the environment. */
const secretFiles =
  (allowed: (source: string, target: string) => boolean): ServiceRule =>
  (service, { file }) =>
    (service.secrets ?? []).length > 0 &&
    (service.secrets ?? []).every(
      ({ source, target }) => file.secrets?.[source] !== undefined && allowed(source, target),
    ) &&
    !Object.keys(service.environment ?? {}).some((key) => /KEY|PASSWORD|SECRET/.test(key))

const isUserSecret = (source: string) => source.endsWith(`-${MONGO_PASSWORD}`)

/** What holds for the database instead of, or on top of, the rules for services of ours. */
const mongo: Readonly<Record<string, ServiceRule>> = {
  image,
  'container name': (service) => service.container_name === 'lucid_mongo',
  'user lucid': (service) => service.user === '999:999',
  'tmpfs /tmp': tmpfs('/tmp', '/run/mongo', '/data/configdb'),
  'exec-form health check': (service) => equal(service.healthcheck?.test, HEALTH),
  'env file of its stack': none('env_file'),
  'secrets as files': secretFiles((source, target) => source === 'mongo-KEYFILE' && target === 'KEYFILE'),
  'no other bind mount': scripts('start.sh', 'health.sh'),
  'own entry': (service) => equal(service.entrypoint, ['/bin/bash', '/opt/lucid/start.sh']),
  'authenticated replica set': (service) => {
    const command = service.command ?? []
    const after = (flag: string) => command[command.indexOf(flag) + 1]
    return (
      command[0] === 'mongod' &&
      after('--replSet') === 'rs0' &&
      after('--keyFile') === '/run/mongo/KEYFILE' &&
      !command.includes('--noauth')
    )
  },
  'cache within memory': (service) => {
    const command = service.command ?? []
    const gigabytes = Number(command[command.indexOf('--wiredTigerCacheSizeGB') + 1])
    return gigabytes === cacheGB(mebibytes(service.mem_limit)) && gigabytes * 1024 < mebibytes(service.mem_limit) / 2
  },
  'enough open files': (service) => service.ulimits?.['nofile'] === `$\{LUCID_MONGO_FILES:-64000}`,
  'data on its volume': (service) => equal(named(service), ['lucid_core_mongo_data']),
}

/** What holds for the one-shot that sets the database up. */
const init: Readonly<Record<string, ServiceRule>> = {
  image,
  'container name': (service) => service.container_name === 'lucid_mongo_init',
  'not privileged': (service) =>
    service.network_mode === 'service:mongo' &&
    ['privileged', 'devices', 'pid', 'ipc', 'userns_mode'].every((key) => service[key] === undefined),
  'exec-form health check': none('healthcheck'),
  restart: (service) => /^on-failure:\d$/.test(service.restart ?? ''),
  'loopback ports': none('ports'),
  'env file of its stack': none('env_file'),
  'secrets as files': secretFiles(
    (source, target) =>
      (source === secretName('mongo', 'ROOT_PASSWORD') && target === 'ROOT_PASSWORD') ||
      (isUserSecret(source) && target === source),
  ),
  'own database user': (service) => /^lucid_mongo:27017(,|$)/.test(service.environment?.['MONGO_MEMBERS'] ?? ''),
  'declared networks': none('networks'),
  'no other bind mount': scripts('init.js', 'users.json'),
}

/** The exceptions for MongoDB, by service: a stock image cannot keep all rules that ours do. */
export const mongoRules: Readonly<Record<string, Readonly<Record<string, ServiceRule>>>> = { mongo, 'mongo-init': init }
