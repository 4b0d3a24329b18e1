import { MARK_FILE } from '#common/host/volume-mark'
import { commandLine, quote } from '../../host/quote.ts'
import { type Dial, dialAll, program, type Walk, walkAll } from './inside.ts'

/** What is asked because of what should be there. */
export type CloserQuestions = {
  readonly images: readonly string[]
  readonly logs: readonly string[]
  readonly files: readonly string[]
  readonly dials: Readonly<Record<string, readonly Dial[]>>
  readonly ports: readonly number[]
  readonly volumes: readonly { readonly name: string; readonly uid: number }[]
  readonly probes: readonly string[]
  /** Folder of the engine; empty when its logs are not to be measured. */
  readonly root: string
}

const CONFINED =
  '--rm --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 64 --entrypoint /usr/local/bin/bun'

const inside = (section: string, flags: string, code: string): string =>
  `ask ${quote(section)} docker run ${CONFINED} ${flags} "$P" -e ${quote(code)}`

const walkFlags = (volumes: readonly Walk[], root: string): string =>
  [
    '--network none --user 0:0 --cap-add DAC_READ_SEARCH',
    ...volumes.map(({ name, path }) => commandLine('--volume', `${name}:${path}:ro`)),
    ...(root === '' ? [] : [commandLine('--volume', `${root}/containers:/logs:ro`)]),
  ].join(' ')

const listJobs = ({ dials, ports, volumes, root }: CloserQuestions): readonly string[] => {
  const walks = volumes.map(({ name, uid }) => ({ name, uid, path: `/v/${name}` }))
  const loopback = ports.map((port) => ({ host: '127.0.0.1', port }))
  const walk = { volumes: walks, logs: root === '' ? '' : '/logs', markFile: MARK_FILE }
  const user = '--user 65532:65532'
  return [
    ...Object.entries(dials).map(([name, targets]) =>
      inside(`dial ${name}`, `${user} ${commandLine('--network', `container:${name}`)}`, program(dialAll, targets)),
    ),
    ...(ports.length === 0 ? [] : [inside('ports', `${user} --network host`, program(dialAll, loopback))]),
    ...(walks.length === 0 && root === '' ? [] : [inside('walk', walkFlags(walks, root), program(walkAll, walk))]),
  ]
}

/**
 * The closer inspection: POSIX sh that changes nothing and prints sections as the collector does. What only a container can
 * see is seen by one of an image that is there, confined, without rights and removed at its end.
 */
export const closerScript = (questions: CloserQuestions): string => {
  const { images, logs, files, probes } = questions
  const about = (name: string, thing: string, command: string) =>
    `section ${quote(`${name} ${thing}`)}; ${command} | sed 's/^/ /'`
  return `
section() { printf '\\n== %s\\n' "$1"; }
${images.map((image) => about('image', image, `docker image inspect --format '{{.Id}}|{{.Os}}/{{.Architecture}}' ${quote(image)} 2>&1 | tail -n 1`)).join('\n')}
${files.map((path) => about('file', path, `ls -lnd ${quote(path)} 2>&1 | tail -n 1`)).join('\n')}
${logs.map((name) => about('log', name, `docker logs --tail 30 ${quote(name)} 2>&1`)).join('\n')}
P=
for c in ${commandLine(...probes)}; do docker image inspect "$c" >/dev/null 2>&1 && P=$c && break; done
section probe; echo " $P"
[ -n "$P" ] || exit 0
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
n=0
ask() {
  n=$((n + 1)); title=$1; shift
  { section "$title"; "$@" 2>&1 | sed 's/^/ /'; } > "$T/$n" &
  # Four at once: more would take from the services what they need.
  [ $((n % 4)) -ne 0 ] || wait
}
${listJobs(questions).join('\n')}
wait
cat "$T"/* 2>/dev/null
exit 0
`
}
