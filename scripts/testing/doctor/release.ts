import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { catalog, type Stack, stacks } from '#catalog'
import { live } from '../../cli/run.ts'
import { networks } from '../../derive/network.ts'
import { importBunImage } from '../peers/docker/bun-image.ts'
import { tinyImages } from '../peers/pi/images.ts'
import type { Pi } from '../peers/pi/pi.ts'
import { requireSuccess } from '../peers/processes.ts'

/**
 * A release of five make-believe services on a emulated Pi, with the names, ports and needs of real ones: what runs in them
 * is the tests' tiny program. The image that looks inside is this machine's Bun, as in the real ones.
 */

const RELEASE = 'r-0123456789ab'
export const PROBE_IMAGE = 'lucid-test/server-tools:bun'
export const TINY = 'lucid-test/tiny:1'

type Made = {
  readonly stack: Stack
  readonly port: number
  readonly networks: readonly string[]
  readonly volume?: string
  readonly secret?: string
  readonly needs?: readonly string[]
  readonly container?: string
}

const services: Readonly<Record<string, Made>> = {
  mongo: {
    stack: 'core',
    port: 27017,
    networks: ['lucid_core_net', 'lucid_chain_net'],
    volume: 'lucid_core_mongo_data',
    container: 'lucid_mongo',
  },
  'api-gateway': { stack: 'core', port: catalog['api-gateway'].port, networks: ['lucid_core_net', 'lucid_chain_net'] },
  'session-encryptor': {
    stack: 'sessions',
    port: catalog['session-encryptor'].port,
    networks: ['lucid_chain_net'],
    volume: 'lucid_encrypted_data',
    secret: 'session-encryptor/MASTER_KEY',
  },
  'merkle-builder': {
    stack: 'sessions',
    port: catalog['merkle-builder'].port,
    networks: ['lucid_chain_net'],
    volume: 'lucid_sessions_data',
  },
  'session-orchestrator': {
    stack: 'sessions',
    port: catalog['session-orchestrator'].port,
    networks: ['lucid_chain_net'],
    volume: 'lucid_sessions_data',
    needs: ['session-encryptor', 'merkle-builder'],
  },
}

/** A service that keeps something writes to its volume: without it, it is not well. */
const check = ({ volume }: Made): readonly string[] => [
  'CMD',
  '/bin/sh',
  '-c',
  volume === undefined ? '/tiny health' : '/tiny health && echo well > /data/probe',
]

/** One that needs others is this machine's Bun: the tiny program is linked statically and knows no names. */
const needy = (port: number, needs: readonly string[]) => {
  const urls = needs.map((need) => `http://${need}:${services[need]?.port ?? 0}/`)
  const ask = `for (const url of ${JSON.stringify(urls)}) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch((error) => String(error));
    if (typeof answer === 'string') { console.error(url, answer); process.exit(1) }
  }`
  return {
    image: PROBE_IMAGE,
    entrypoint: ['/usr/local/bin/bun', '-e', `Bun.serve({ port: ${port}, fetch: () => new Response('well') })`],
    mem_limit: '128m',
    check: ['CMD', '/usr/local/bin/bun', '-e', ask],
  }
}

const composed = (name: string, made: Made, dir: string) => {
  const { check: test, ...program } =
    made.needs === undefined ? { image: TINY, mem_limit: '32m', check: check(made) } : needy(made.port, made.needs)
  return {
    ...program,
    container_name: made.container ?? name,
    user: '65532:65532',
    read_only: true,
    tmpfs: ['/tmp:rw,noexec,nosuid,size=16m'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    // Little enough that a busy one is held up even where the machine has other work.
    cpus: 0.25,
    pids_limit: 32,
    restart: 'unless-stopped',
    stop_grace_period: '1s',
    environment: { PORT: `${made.port}` },
    ...(made.secret !== undefined && { secrets: [{ source: 'key', target: 'KEY' }] }),
    volumes: [
      ...(made.volume === undefined ? [] : [`${made.volume}:/data`]),
      {
        type: 'bind',
        source: `${dir}/identities.json`,
        target: '/run/lucid/identities.json',
        read_only: true,
        bind: { create_host_path: false },
      },
    ],
    networks: made.networks,
    ports: [`127.0.0.1:${made.port}:${made.port}`],
    healthcheck: { test, interval: '1s', timeout: '5s', retries: 2, start_period: '4s' },
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    labels: { 'org.lucid.stage': made.stack, 'org.lucid.service': name },
  }
}

/** The Compose file of a stack; JSON, which is YAML too. */
export const composeText = (stack: Stack, dir: string): string => {
  const mine = Object.entries(services).filter(([, made]) => made.stack === stack)
  const used = [...new Set(mine.flatMap(([, made]) => made.networks))]
  const secret = mine.find(([, made]) => made.secret !== undefined)?.[1].secret
  return JSON.stringify(
    {
      name: `lucid-${stack}`,
      services: Object.fromEntries(mine.map(([name, made]) => [name, composed(name, made, dir)])),
      networks: Object.fromEntries(
        used.map((name) => [
          name,
          stack === 'core'
            ? {
                name,
                driver: 'bridge',
                ipam: { config: [{ subnet: networks[name as keyof typeof networks].subnet }] }, // a key of the table above
              }
            : { name, external: true },
        ]),
      ),
      volumes: Object.fromEntries(
        [...new Set(mine.flatMap(([, { volume }]) => volume ?? []))].map((name) => [name, { name }]),
      ),
      ...(secret !== undefined && { secrets: { key: { file: `${dir}/secrets/${secret}` } } }),
    },
    undefined,
    2,
  )
}

export const composePath = (dir: string, stack: Stack): string => `${dir}/releases/${RELEASE}/compose.${stack}.yaml`

/** Runs a script inside as root. Throws with what it complained of. */
export const asRoot = (pi: Pi, script: string): Promise<string> =>
  requireSuccess(script, live(pi.enter(['sh', '-c', script])))

/** Puts the release on an emulated Pi and waits until all of it is well. `absent` when this machine has no images for it. */
export const installRelease = async (
  pi: Pi,
  folder: string,
): Promise<{ readonly absent: string } | { readonly dir: string }> => {
  const { dir } = pi
  const tiny = await tinyImages(pi.engine, { folder })
  if ('absent' in tiny) return tiny
  const probe = await importBunImage(pi.engine, PROBE_IMAGE, { folder })
  if (probe.code !== 0) throw new Error(probe.err)
  const present = stacks.filter((stack) => Object.values(services).some((made) => made.stack === stack))
  const at = (path: string) => pi.outside(`${dir}/${path}`)
  for (const path of [`releases/${RELEASE}`, 'deploy', 'secrets/session-encryptor', 'blobs/sha256'])
    mkdirSync(at(path), { recursive: true })
  for (const stack of present)
    writeFileSync(pi.outside(composePath(dir, stack)), composeText(stack, dir), { mode: 0o644 })
  writeFileSync(
    at(`releases/${RELEASE}/release.json`),
    JSON.stringify({ id: RELEASE, images: [{ service: 'server-tools', name: PROBE_IMAGE }] }),
  )
  writeFileSync(at('deploy/current'), `${RELEASE}\n`)
  writeFileSync(at('identities.json'), '{}\n')
  chmodSync(at('identities.json'), 0o444)
  writeFileSync(at('secrets/session-encryptor/MASTER_KEY'), `${'6b'.repeat(32)}\n`)
  await asRoot(
    pi,
    [
      'set -e',
      `chown -R 1000:1000 ${dir}; chmod 0711 ${dir}/secrets ${dir}/secrets/session-encryptor`,
      `chown 65532:65532 ${dir}/secrets/session-encryptor/MASTER_KEY; chmod 0400 ${dir}/secrets/session-encryptor/MASTER_KEY`,
      ...Object.entries(services).flatMap(([, { volume, stack }]) =>
        volume === undefined
          ? []
          : [
              `docker volume create --label com.docker.compose.project=lucid-${stack} --label com.docker.compose.volume=${volume} ${volume} >/dev/null`,
              `chown 65532:65532 "$(docker volume inspect --format '{{.Mountpoint}}' ${volume})"`,
            ],
      ),
      ...present.map(
        (stack) => `docker compose --file ${composePath(dir, stack)} up --detach --wait --wait-timeout 60`,
      ),
    ].join('\n'),
  )
  return { dir }
}
