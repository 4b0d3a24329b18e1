import { defaults } from '#catalog'
import { composePath, TINY } from './release.ts'

type Family = 'start' | 'network' | 'volume' | 'slow'

/** A fault that is injected on the emulated Pi, and what the doctor must call it. */
export type InjectedFault = {
  readonly form: string
  readonly family: Family
  readonly kind: string
  readonly subject: string
  /** POSIX sh, run inside as root. */
  readonly script: string
  /** What the command cannot do here, because it needs a deployment or a decision: sh that does it in its place. */
  readonly instead?: string
}

const DIR = defaults.LUCID_MOUNT_PATH
const KEY = `${DIR}/secrets/session-encryptor/MASTER_KEY`

const mountpoint = (name: string) => `"$(docker volume inspect --format '{{.Mountpoint}}' ${name})"`
const SESSIONS_DATA = mountpoint('lucid_sessions_data')

/** A row of the tables below; `script` is a line each. */
const ofFamily =
  (family: Family) =>
  (kind: string, subject: string, form: string, script: readonly string[]): InjectedFault => ({
    form,
    family,
    kind,
    subject,
    script: script.join('\n'),
  })
const start = ofFamily('start')
const network = ofFamily('network')
const volume = ofFamily('volume')
const slow = ofFamily('slow')

const startAgain = (stack: 'core' | 'sessions', service: string): string =>
  `docker compose --file ${composePath(DIR, stack)} up --detach --no-deps ${service} >/dev/null 2>&1`

/** Makes a service anew from its stack's file after an edit of its lines by sed: what somebody does by hand. */
const byHand = (stack: 'core' | 'sessions', service: string, edit: string): string =>
  [
    `sed '/^    "${service}": {/,/^    }/ ${edit}' ${composePath(DIR, stack)} > /run/hand.yaml`,
    `docker compose --file /run/hand.yaml up --detach --no-deps --force-recreate ${service} >/dev/null 2>&1 || :`,
  ].join('\n')

const merkleByHand = (edit: string): string => byHand('sessions', 'merkle-builder', edit)

const withEntrypoint = (...argv: readonly string[]): string =>
  `s|"image": "${TINY}"|"image": "${TINY}", "entrypoint": [${argv.map((word) => `"${word}"`).join(', ')}]|`

const removeCoreNetwork = [
  'docker network disconnect --force lucid_core_net lucid_mongo',
  'docker network disconnect --force lucid_core_net api-gateway',
  'docker network rm lucid_core_net >/dev/null',
]

const removeEncryptedData =
  'docker rm --force session-encryptor >/dev/null; docker volume rm lucid_encrypted_data >/dev/null'

/** Forms that are injected in `bun run check`, all at once: none may be taken for another. */
export const together: readonly InjectedFault[] = [
  start('stopped', 'session-encryptor', 'stopped by hand', ['docker stop session-encryptor >/dev/null']),
  start('port-taken', 'api-gateway', 'its port is taken by another container', [
    'docker rm --force api-gateway >/dev/null',
    `docker run --detach --name squatter --publish 127.0.0.1:8080:8080 ${TINY} >/dev/null`,
    `${startAgain('core', 'api-gateway')} || :`,
  ]),
  network('route-clash', 'lucid_core_net', 'a route of the host takes addresses of a network', [
    'ip route add 172.21.0.128/25 dev lo',
  ]),
  network('not-attached', 'mongo', 'disconnected from a network', [
    'docker network disconnect lucid_core_net lucid_mongo',
  ]),
  volume('wrong-owner', 'lucid_sessions_data', 'a volume that belongs to root', [`chown -R 0:0 ${SESSIONS_DATA}`]),
  volume('closed-file', KEY, 'a secret that its service may not read', [`chown 0:0 ${KEY}`]),
  slow('altered-limits', 'session-orchestrator', 'limits that were changed by hand', [
    'docker update --cpus 0.4 session-orchestrator >/dev/null',
  ]),
  slow('disk-full', 'host', 'a disk full of transfers that did not end', [
    `n=$(($(df -Pk ${DIR} | tail -n 1 | awk '{print $4}') - 512))`,
    `dd if=/dev/zero of=${DIR}/blobs/sha256/aa.part bs=1024 count=$n 2>/dev/null`,
  ]),
]

/** The rest, with `--full`: round after round, what is in one at once. */
export const rounds: readonly (readonly InjectedFault[])[] = [
  [
    start('never-made', 'session-encryptor', 'removed', ['docker rm --force session-encryptor >/dev/null']),
    start('paused', 'api-gateway', 'paused', ['docker pause api-gateway >/dev/null']),
    network('open-port', 'merkle-builder', 'a port that is open to all', [
      merkleByHand('s|127.0.0.1:8092:8092|0.0.0.0:8092:8092|'),
    ]),
    volume('open-secret', KEY, 'a secret that all may read', [`chmod 0644 ${KEY}`]),
    slow('processor-limit', 'mongo', 'held up by its processor limit', [
      "docker exec --detach lucid_mongo sh -c 'while :; do :; done'; sleep 1",
    ]),
  ],
  [
    start('port-taken', 'api-gateway', 'its port is taken by a program of the host', [
      'docker rm --force api-gateway >/dev/null',
      // Without a daemon of its own it would hold the line of whoever faults it.
      'busybox httpd -p 127.0.0.1:8080 -h /mnt </dev/null >/dev/null 2>&1',
      `${startAgain('core', 'api-gateway')} || :`,
    ]),
    start('no-program', 'merkle-builder', 'a program that is not in the image', [
      merkleByHand(withEntrypoint('/bin/missing')),
    ]),
    volume('closed', 'lucid_encrypted_data', 'a volume that its owner may not use', [
      `chmod 0000 ${mountpoint('lucid_encrypted_data')}`,
    ]),
    slow('process-limit', 'mongo', 'at its limit of processes', [
      "docker exec --detach lucid_mongo sh -c 'n=0; while [ $n -lt 27 ]; do sleep 600 & n=$((n+1)); done; wait'; sleep 1",
    ]),
  ],
  [
    start('restart-loop', 'merkle-builder', 'ends again and again', [
      merkleByHand('s|"PORT":|"TINY": "exit", "PORT":|'),
      'sleep 4',
    ]),
    volume('foreign-files', 'lucid_encrypted_data', 'files of another user deep in a volume', [
      `d=${mountpoint('lucid_encrypted_data')}; mkdir -p "$d/a/b/c"; echo x > "$d/a/b/c/d"; chown -R 65532:65532 "$d"; chown 0:0 "$d/a/b/c/d"`,
    ]),
    network('no-network', 'lucid_core_net', 'a network that is gone', removeCoreNetwork),
    slow('growing-log', 'session-encryptor', 'a log without a limit', [
      byHand('sessions', 'session-encryptor', 's|"max-size": "10m",||; s|"max-file": "3"||'),
    ]),
  ],
  [
    start('configuration', 'merkle-builder', 'refuses its configuration (exit 78)', [
      merkleByHand(withEntrypoint('/bin/sh', '-c', 'echo PORT is missing; exit 78')),
      'sleep 4',
    ]),
    start('unhealthy', 'session-encryptor', 'runs and is not well', [
      'docker exec session-encryptor /tiny become sick; sleep 5',
    ]),
    network('wrong-network', 'lucid_core_net', 'a network with other addresses', [
      ...removeCoreNetwork,
      'docker network create --subnet 172.31.0.0/24 lucid_core_net >/dev/null',
      'docker network connect lucid_core_net lucid_mongo; docker network connect lucid_core_net api-gateway',
    ]),
  ],
  [
    start('out-of-memory', 'merkle-builder', 'out of memory at its start', [
      merkleByHand('s|"PORT":|"TINY": "memory", "TINY_SECONDS": "0", "PORT":|'),
      'sleep 6',
    ]),
    volume('no-volume', 'lucid_encrypted_data', 'a volume that is gone, with no backup', [removeEncryptedData]),
    network('subnet-taken', 'lucid_core_net', 'another network has its addresses', [
      ...removeCoreNetwork,
      'docker network create --subnet 172.21.0.0/16 squat >/dev/null',
    ]),
  ],
  [
    start('wrong-platform', 'merkle-builder', 'a program for another processor', [
      `printf 'no program' > ${SESSIONS_DATA}/bad`,
      `chmod 0755 ${SESSIONS_DATA}/bad; chown 65532:65532 ${SESSIONS_DATA}/bad`,
      merkleByHand(withEntrypoint('/data/bad')),
    ]),
    network('not-published', 'api-gateway', 'a port that is not published', [
      byHand('core', 'api-gateway', 's|127.0.0.1:8080:8080|127.0.0.1:9980:8080|'),
    ]),
    volume('read-only-disk', 'host', 'a disk that can only be read', ['mount -o remount,ro /mnt/myssd']),
  ],
  [
    network('no-way', 'merkle-builder', 'listens for itself alone', [
      merkleByHand(withEntrypoint('/bin/httpd', '-f', '-p', '127.0.0.1:8092', '-h', '/www')),
      'sleep 5',
    ]),
  ],
  [
    {
      ...start('no-image', TINY, 'an image that is gone', [
        `docker tag ${TINY} lucid-test/kept:1; docker rmi --force ${TINY} >/dev/null`,
      ]),
      instead: `docker tag lucid-test/kept:1 ${TINY}`,
    },
  ],
  [
    {
      ...start('no-file', `${DIR}/identities.json`, 'a mounted file that is gone', [
        `mv ${DIR}/identities.json ${DIR}/kept.json`,
      ]),
      instead: `mv ${DIR}/kept.json ${DIR}/identities.json`,
    },
  ],
  [
    {
      ...volume('full', 'lucid_encrypted_data', 'a full volume', [
        removeEncryptedData,
        'docker volume create --label com.docker.compose.project=lucid-sessions --label com.docker.compose.volume=lucid_encrypted_data ' +
          '--opt type=tmpfs --opt device=tmpfs --opt o=size=1m,uid=65532,gid=65532,mode=0700 lucid_encrypted_data >/dev/null',
        startAgain('sessions', 'session-encryptor'),
        "docker exec session-encryptor sh -c 'cat /dev/zero > /data/recording' 2>/dev/null; sleep 1",
      ]),
      instead: "docker exec session-encryptor sh -c ': > /data/recording'",
    },
  ],
]
