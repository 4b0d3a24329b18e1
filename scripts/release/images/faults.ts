import { CliError } from '../../cli/fail.ts'
import type { ScriptResult } from '../../host/script.ts'

/** What a host or its engine says when something fails, and what a person can do about it. Data. */

type Known = { readonly says: RegExp; readonly fault: (host: string, dir: string) => string }

const faults: readonly Known[] = [
  {
    says: /no space left|disk quota exceeded|enospc/i,
    fault: (host, dir) =>
      `the disk of ${host} is full: make room (df -h ${dir}; docker image ls) and run the same command again, it goes on where it stopped`,
  },
  {
    says: /(?:sha256sum|timeout|head|base64|gzip|xargs|docker): (?:command )?not found|: not found$/im,
    fault: (host) => `a program is missing on ${host}: it needs docker and coreutils, gzip, findutils of Debian`,
  },
  {
    says: /permission denied[^\n]*docker|docker[^\n]*permission denied/i,
    fault: (host) => `the user of ${host} may not use docker: sudo usermod -aG docker USER there, and connect again`,
  },
  {
    says: /cannot connect to the docker daemon|error during connect|is the docker daemon running/i,
    fault: (host) => `no Docker engine answers on ${host}: sudo systemctl start docker there`,
  },
  {
    says: /read-only file system/i,
    fault: (host, dir) =>
      `${host} cannot write ${dir}: its file system is read-only, which a disk becomes when it fails (dmesg)`,
  },
  {
    says: /permission denied/i,
    fault: (host, dir) => `the user of ${host} may not write ${dir}: give the folder to that user (chown)`,
  },
]

const lastLines = (text: string): readonly string[] => text.trim().split('\n').filter(Boolean).slice(-5)

/** What is wrong with a host whose script failed: `what` it was about (`docker load`) and the answer. */
export const hostFault = (
  host: string,
  what: string,
  { code, out, err }: ScriptResult,
  { dir = '/' }: { readonly dir?: string } = {},
): CliError => {
  const details = lastLines(err.trim() === '' ? out : err)
  const row = faults.find(({ says }) => says.test(err) || says.test(out))
  if (row !== undefined) return new CliError(row.fault(host, dir), { details })
  if (code === 0)
    return new CliError(
      `${host}: ${what} gave no answer that can be read: does its shell print something of its own?`,
      { details },
    )
  return new CliError(`${host}: ${what} failed: ${details.at(-1) ?? `exit code ${code}`}`, { details })
}

/** Whether a fault is a disk without room: nothing but room helps. */
export const isFull = ({ out, err }: ScriptResult): boolean => faults[0]?.says.test(`${out}\n${err}`) === true
