import { CliError } from '../../cli/fail.ts'
import { quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import type { HostFacts } from './preflight.ts'

/** `key value` lines; what cannot be asked is left out. It changes nothing. */
const script = (dir: string, secrets: readonly string[]): string =>
  [
    'say() { printf "%s %s\\n" "$1" "$2"; }',
    // The folder, or the nearest above it that is there.
    `d=${quote(dir)}; while [ ! -d "$d" ]; do d=$(dirname "$d"); done`,
    'say machine "$(uname -m)"',
    'say kernel "$(uname -r)"',
    `v=$(docker version --format '{{.Server.Os}}/{{.Server.Arch}} {{.Server.Version}}' 2>&1) && say server "$v" || say engine-error "$(printf '%s' "$v" | tail -n 1)"`,
    'say compose "$(docker compose version --short 2>/dev/null)"',
    'command -v flock >/dev/null && say flock yes',
    '[ -w "$d" ] && say writable yes',
    'say memory "$(awk \'/^MemTotal:/ { printf "%.0f", $2 * 1024 }\' /proc/meminfo)"',
    `i=$(docker info --format '{{.MemoryLimit}} {{.DockerRootDir}}' 2>/dev/null) && say info "$i"`,
    // A folder that this user may not look into lies on the disk of the nearest above it that it may, unless it is a mount.
    'free() { p=$1; while :; do k=$(df -Pk "$p" 2>/dev/null | awk \'NR == 2 { printf "%.0f", $4 * 1024 }\'); case "$k$p" in /|?|"") break;; esac; [ -n "$k" ] && break; p=$(dirname "$p"); done; printf "%s" "$k"; }',
    'say free-dir "$(free "$d")"',
    `r=\${i#* }; say free-docker "$(free "\${r:-/}")"`,
    // Lines of /proc/net/tcp: local address in hex, state 0A is LISTEN (Linux, tcp_states.h).
    'say listening "$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk \'$4 == "0A" { split($2, a, ":"); print a[length(a)] }\' | sort -u | tr \'\\n\' \' \')"',
    `docker ps --filter label=org.lucid.stage --format '{{.Ports}}' 2>/dev/null | while read -r p; do say published "$p"; done`,
    ...secrets.map((name) => `[ -e ${quote(`${dir}/secrets/${name}`)} ] && say secret ${quote(name)}`),
    'docker volume ls --quiet --filter name=lucid_ 2>/dev/null | while read -r v; do say volume "$v"; done',
    `[ -f ${quote(`${dir}/deploy/signer`)} ] && say signer "$(cat ${quote(`${dir}/deploy/signer`)})"`,
    'say clock "$(date +%s)"',
    ':',
  ].join('\n')

/** The facts, and the key whose signature the host takes; undefined before the first deploy. */
export type AskedFacts = { readonly facts: HostFacts; readonly signer: string | undefined }

/** Ports in docker's words: `127.0.0.1:8080->8080/tcp, ...`. */
const publishedPorts = (text: string): readonly number[] =>
  [...text.matchAll(/:(\d+)(?:-(\d+))?->/g)].flatMap(([, from = '0', to]) => {
    const first = Number(from)
    const last = to === undefined ? first : Math.min(Number(to), first + 1_000)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })

/** Asks a host what preflight must know. Throws CliError when what it prints is not what was asked. */
export const askFacts = async (
  shell: Shell,
  dir: string,
  secrets: readonly string[],
): Promise<AskedFacts> => {
  const out = await requireSuccess(`${shell.name} cannot be looked at`, shell.run(script(dir, secrets)))
  const lines = out.split('\n').flatMap((text) => {
    const at = text.indexOf(' ')
    return at < 0 ? [] : [[text.slice(0, at), text.slice(at + 1).trim()] as const]
  })
  const all = (key: string): readonly string[] =>
    lines.flatMap(([name, value]) => (name === key ? [value] : []))
  const one = (key: string): string => all(key)[0] ?? ''
  if (one('machine') === '' || !/^\d+$/.test(one('clock')))
    throw new CliError(
      `${shell.name} gave no answer that can be read: does its shell print something of its own?`,
    )
  const [platform = '', engine = ''] = one('server').split(' ')
  const [memoryLimit = ''] = one('info').split(' ')
  const ours = new Set(all('published').flatMap(publishedPorts))
  const listening = one('listening')
    .split(' ')
    .filter(Boolean)
    .map((hex) => Number.parseInt(hex, 16))
  return {
    signer: /^[0-9a-f]{64}$/.test(one('signer')) ? one('signer') : undefined,
    facts: {
      machine: one('machine'),
      kernel: one('kernel'),
      platform,
      engine,
      engineError: one('engine-error'),
      compose: one('compose'),
      flock: one('flock') === 'yes',
      writable: one('writable') === 'yes',
      memory: Number(one('memory')),
      memoryLimits: memoryLimit === 'true',
      freeDir: Number(one('free-dir')),
      freeDocker: Number(one('free-docker')),
      clock: Number(one('clock')) * 1000,
      foreignPorts: listening.filter((port) => !ours.has(port)),
      secrets: all('secret'),
      volumes: all('volume'),
    },
  }
}
