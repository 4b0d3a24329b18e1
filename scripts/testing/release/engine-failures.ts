import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pi } from '../peers/pi/pi.ts'

/** `refuse`: every command fails; `half`: Compose is killed in the middle of its work; `after`: it fails when the work is done. */
export type EngineFailure = 'refuse' | 'half' | 'after'

const FLAG = '/run/docker-fails'

/** Stands before docker in the user's PATH. */
const WRAPPER = `#!/bin/sh
how=$(cat ${FLAG} 2>/dev/null)
case "$how $1" in
  refuse*) echo 'Error response from daemon: told to fail by the test' >&2; exit 1 ;;
  'half compose') timeout -s KILL 0.7 /usr/bin/docker "$@"; echo 'Error: Compose was killed by the test' >&2; exit 1 ;;
  'after compose') /usr/bin/docker "$@"; echo 'Error: told to fail afterwards by the test' >&2; exit 1 ;;
esac
exec /usr/bin/docker "$@"
`

/** Puts it into the folder of an emulated Pi. */
export const installFailures = (piFolder: string): void => {
  const path = join(piFolder, 'local', 'bin', 'docker')
  writeFileSync(path, WRAPPER)
  chmodSync(path, 0o755)
}

/** What the engine answers the user from now on. */
export const setFailure = (pi: Pi, how: EngineFailure | undefined): void => {
  const flag = pi.outside(FLAG)
  if (how === undefined) rmSync(flag, { force: true })
  else writeFileSync(flag, how)
}
