import { defaults } from '#catalog'
import { TINY } from './release.ts'

/** A fault that is injected on the emulated Pi, and what the doctor must call it. */
export type InjectedFault = {
  readonly form: string
  readonly family: 'start' | 'network' | 'volume' | 'slow'
  readonly kind: string
  readonly subject: string
  /** POSIX sh, run inside as root. */
  readonly script: string
  /** What the command cannot do here, because it needs a deployment or a decision: sh that does it in its place. */
  readonly instead?: string
}

const DIR = defaults.LUCID_MOUNT_PATH
const KEY = `${DIR}/secrets/session-encryptor/MASTER_KEY`

const mountpoint = (volume: string) => `"$(docker volume inspect --format '{{.Mountpoint}}' ${volume})"`

/** Makes a service anew from its stack's file after an edit by sed: what somebody does by hand. */
const byHand = (stack: 'core' | 'sessions', service: string, edit: string): string =>
  [
    `sed ${edit} ${DIR}/releases/r-0123456789ab/compose.${stack}.yaml > /run/hand.yaml`,
    `docker compose --file /run/hand.yaml up --detach --no-deps --force-recreate ${service} >/dev/null 2>&1 || :`,
  ].join('\n')

/** The lines of one service in the file, for sed. */
const within = (service: string, edit: string) => `'/^    "${service}": {/,/^    }/ ${edit}'`

const asIs = (what: string) => `s|"image": "${TINY}"|"image": "${TINY}", ${what}|`

/** Forms that are injected in `bun run check`, all at once: none may be taken for another. */
export const together: readonly InjectedFault[] = [
  {
    form: 'stopped by hand',
    family: 'start',
    kind: 'stopped',
    subject: 'session-encryptor',
    script: 'docker stop session-encryptor >/dev/null',
  },
  {
    form: 'its port is taken by another container',
    family: 'start',
    kind: 'port-taken',
    subject: 'api-gateway',
    script: [
      'docker rm --force api-gateway >/dev/null',
      `docker run --detach --name squatter --publish 127.0.0.1:8080:8080 ${TINY} >/dev/null`,
      `docker compose --file ${DIR}/releases/r-0123456789ab/compose.core.yaml up --detach --no-deps api-gateway >/dev/null 2>&1 || :`,
    ].join('\n'),
  },
  {
    form: 'a route of the host takes addresses of a network',
    family: 'network',
    kind: 'route-clash',
    subject: 'lucid_core_net',
    script: 'ip route add 172.21.0.128/25 dev lo',
  },
  {
    form: 'disconnected from a network',
    family: 'network',
    kind: 'not-attached',
    subject: 'mongo',
    script: 'docker network disconnect lucid_core_net lucid_mongo',
  },
  {
    form: 'a volume that belongs to root',
    family: 'volume',
    kind: 'wrong-owner',
    subject: 'lucid_sessions_data',
    script: `chown -R 0:0 ${mountpoint('lucid_sessions_data')}`,
  },
  {
    form: 'a secret that its service may not read',
    family: 'volume',
    kind: 'closed-file',
    subject: KEY,
    script: `chown 0:0 ${KEY}`,
  },
  {
    form: 'limits that were changed by hand',
    family: 'slow',
    kind: 'altered-limits',
    subject: 'session-orchestrator',
    script: 'docker update --cpus 0.4 session-orchestrator >/dev/null',
  },
  {
    form: 'a disk full of transfers that did not end',
    family: 'slow',
    kind: 'disk-full',
    subject: 'host',
    script: [
      `n=$(($(df -Pk ${DIR} | tail -n 1 | awk '{print $4}') - 512))`,
      `dd if=/dev/zero of=${DIR}/blobs/sha256/aa.part bs=1024 count=$n 2>/dev/null`,
    ].join('\n'),
  },
]

/** The rest, with `--full`: round after round, what is in one at once. */
export const rounds: readonly (readonly InjectedFault[])[] = [
  [
    {
      form: 'removed',
      family: 'start',
      kind: 'never-made',
      subject: 'session-encryptor',
      script: 'docker rm --force session-encryptor >/dev/null',
    },
    {
      form: 'paused',
      family: 'start',
      kind: 'paused',
      subject: 'api-gateway',
      script: 'docker pause api-gateway >/dev/null',
    },
    {
      form: 'a port that is open to all',
      family: 'network',
      kind: 'open-port',
      subject: 'merkle-builder',
      script: byHand(
        'sessions',
        'merkle-builder',
        within('merkle-builder', 's|127.0.0.1:8092:8092|0.0.0.0:8092:8092|'),
      ),
    },
    {
      form: 'a secret that all may read',
      family: 'volume',
      kind: 'open-secret',
      subject: KEY,
      script: `chmod 0644 ${KEY}`,
    },
    {
      form: 'held up by its processor limit',
      family: 'slow',
      kind: 'processor-limit',
      subject: 'mongo',
      script: "docker exec --detach lucid_mongo sh -c 'while :; do :; done'; sleep 1",
    },
  ],
  [
    {
      form: 'its port is taken by a program of the host',
      family: 'start',
      kind: 'port-taken',
      subject: 'api-gateway',
      script: [
        'docker rm --force api-gateway >/dev/null',
        // Without a daemon of its own it would hold the line of whoever faults it.
        'busybox httpd -p 127.0.0.1:8080 -h /mnt </dev/null >/dev/null 2>&1',
        `docker compose --file ${DIR}/releases/r-0123456789ab/compose.core.yaml up --detach --no-deps api-gateway >/dev/null 2>&1 || :`,
      ].join('\n'),
    },
    {
      form: 'a program that is not in the image',
      family: 'start',
      kind: 'no-program',
      subject: 'merkle-builder',
      script: byHand(
        'sessions',
        'merkle-builder',
        within('merkle-builder', asIs('"entrypoint": ["/bin/missing"]')),
      ),
    },
    {
      form: 'a volume that its owner may not use',
      family: 'volume',
      kind: 'closed',
      subject: 'lucid_encrypted_data',
      script: `chmod 0000 ${mountpoint('lucid_encrypted_data')}`,
    },
    {
      form: 'at its limit of processes',
      family: 'slow',
      kind: 'process-limit',
      subject: 'mongo',
      script:
        "docker exec --detach lucid_mongo sh -c 'n=0; while [ $n -lt 27 ]; do sleep 600 & n=$((n+1)); done; wait'; sleep 1",
    },
  ],
  [
    {
      form: 'ends again and again',
      family: 'start',
      kind: 'restart-loop',
      subject: 'merkle-builder',
      script: `${byHand('sessions', 'merkle-builder', within('merkle-builder', 's|"PORT":|"TINY": "exit", "PORT":|'))}\nsleep 4`,
    },
    {
      form: 'files of another user deep in a volume',
      family: 'volume',
      kind: 'foreign-files',
      subject: 'lucid_encrypted_data',
      script: `d=${mountpoint('lucid_encrypted_data')}; mkdir -p "$d/a/b/c"; echo x > "$d/a/b/c/d"; chown -R 65532:65532 "$d"; chown 0:0 "$d/a/b/c/d"`,
    },
    {
      form: 'a network that is gone',
      family: 'network',
      kind: 'no-network',
      subject: 'lucid_core_net',
      script: [
        'docker network disconnect --force lucid_core_net lucid_mongo',
        'docker network disconnect --force lucid_core_net api-gateway',
        'docker network rm lucid_core_net >/dev/null',
      ].join('\n'),
    },
    {
      form: 'a log without a limit',
      family: 'slow',
      kind: 'growing-log',
      subject: 'session-encryptor',
      script: byHand(
        'sessions',
        'session-encryptor',
        within('session-encryptor', 's|"max-size": "10m",||; s|"max-file": "3"||'),
      ),
    },
  ],
  [
    {
      form: 'refuses its configuration (exit 78)',
      family: 'start',
      kind: 'configuration',
      subject: 'merkle-builder',
      script: `${byHand('sessions', 'merkle-builder', within('merkle-builder', asIs('"entrypoint": ["/bin/sh", "-c", "echo PORT is missing; exit 78"]')))}\nsleep 4`,
    },
    {
      form: 'runs and is not well',
      family: 'start',
      kind: 'unhealthy',
      subject: 'session-encryptor',
      script: 'docker exec session-encryptor /tiny become sick; sleep 5',
    },
    {
      form: 'a network with other addresses',
      family: 'network',
      kind: 'wrong-network',
      subject: 'lucid_core_net',
      script: [
        'docker network disconnect --force lucid_core_net lucid_mongo',
        'docker network disconnect --force lucid_core_net api-gateway',
        'docker network rm lucid_core_net >/dev/null',
        'docker network create --subnet 172.31.0.0/24 lucid_core_net >/dev/null',
        'docker network connect lucid_core_net lucid_mongo; docker network connect lucid_core_net api-gateway',
      ].join('\n'),
    },
  ],
  [
    {
      form: 'out of memory at its start',
      family: 'start',
      kind: 'out-of-memory',
      subject: 'merkle-builder',
      script: `${byHand('sessions', 'merkle-builder', within('merkle-builder', 's|"PORT":|"TINY": "memory", "TINY_SECONDS": "0", "PORT":|'))}\nsleep 6`,
    },
    {
      form: 'a volume that is gone, with no backup',
      family: 'volume',
      kind: 'no-volume',
      subject: 'lucid_encrypted_data',
      script:
        'docker rm --force session-encryptor >/dev/null; docker volume rm lucid_encrypted_data >/dev/null',
    },
    {
      form: 'another network has its addresses',
      family: 'network',
      kind: 'subnet-taken',
      subject: 'lucid_core_net',
      script: [
        'docker network disconnect --force lucid_core_net lucid_mongo',
        'docker network disconnect --force lucid_core_net api-gateway',
        'docker network rm lucid_core_net >/dev/null',
        'docker network create --subnet 172.21.0.0/16 squat >/dev/null',
      ].join('\n'),
    },
  ],
  [
    {
      form: 'a program for another processor',
      family: 'start',
      kind: 'wrong-platform',
      subject: 'merkle-builder',
      script: [
        `printf 'no program' > ${mountpoint('lucid_sessions_data')}/bad`,
        `chmod 0755 ${mountpoint('lucid_sessions_data')}/bad; chown 65532:65532 ${mountpoint('lucid_sessions_data')}/bad`,
        byHand('sessions', 'merkle-builder', within('merkle-builder', asIs('"entrypoint": ["/data/bad"]'))),
      ].join('\n'),
    },
    {
      form: 'a port that is not published',
      family: 'network',
      kind: 'not-published',
      subject: 'api-gateway',
      script: byHand(
        'core',
        'api-gateway',
        within('api-gateway', 's|127.0.0.1:8080:8080|127.0.0.1:9980:8080|'),
      ),
    },
    {
      form: 'a disk that can only be read',
      family: 'volume',
      kind: 'read-only-disk',
      subject: 'host',
      script: 'mount -o remount,ro /mnt/myssd',
    },
  ],
  [
    {
      form: 'listens for itself alone',
      family: 'network',
      kind: 'no-way',
      subject: 'merkle-builder',
      script: `${byHand('sessions', 'merkle-builder', within('merkle-builder', asIs('"entrypoint": ["/bin/httpd", "-f", "-p", "127.0.0.1:8092", "-h", "/www"]')))}\nsleep 5`,
    },
  ],
  [
    {
      form: 'an image that is gone',
      family: 'start',
      kind: 'no-image',
      subject: TINY,
      script: `docker tag ${TINY} lucid-test/kept:1; docker rmi --force ${TINY} >/dev/null`,
      instead: `docker tag lucid-test/kept:1 ${TINY}`,
    },
  ],
  [
    {
      form: 'a mounted file that is gone',
      family: 'start',
      kind: 'no-file',
      subject: `${DIR}/identities.json`,
      script: `mv ${DIR}/identities.json ${DIR}/kept.json`,
      instead: `mv ${DIR}/kept.json ${DIR}/identities.json`,
    },
  ],
  [
    {
      form: 'a full volume',
      family: 'volume',
      kind: 'full',
      subject: 'lucid_encrypted_data',
      script: [
        'docker rm --force session-encryptor >/dev/null; docker volume rm lucid_encrypted_data >/dev/null',
        'docker volume create --label com.docker.compose.project=lucid-sessions --label com.docker.compose.volume=lucid_encrypted_data ' +
          '--opt type=tmpfs --opt device=tmpfs --opt o=size=1m,uid=65532,gid=65532,mode=0700 lucid_encrypted_data >/dev/null',
        `docker compose --file ${DIR}/releases/r-0123456789ab/compose.sessions.yaml up --detach --no-deps session-encryptor >/dev/null 2>&1`,
        "docker exec session-encryptor sh -c 'cat /dev/zero > /data/recording' 2>/dev/null; sleep 1",
      ].join('\n'),
      instead: "docker exec session-encryptor sh -c ': > /data/recording'",
    },
  ],
]
