import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from '../../../cli/args.ts'
import { CliError } from '../../../cli/fail.ts'
import { duration } from '../../../cli/format.ts'
import { lookOf, paint } from '../../../cli/look.ts'
import { progress } from '../../../cli/progress.ts'
import { runCommand } from '../../../cli/run-command.ts'
import { MONGO_IMAGE_TITLE } from '../mongo-image/title.ts'
import { startPlatformPi } from './platform-pi.ts'

export const command = {
  name: 'emulated-pi',
  about:
    'starts an emulated Pi on this machine, empty, to try deploy:pi on: OpenSSH and a Docker engine in namespaces of their own (Linux, root)',
  flags: {
    folder: {
      type: 'string',
      value: 'FOLDER',
      about: 'where it keeps its things, and finds them again; without it a folder that is thrown away',
    },
    json: { type: 'boolean', about: 'print what to use as one JSON object' },
  },
  examples: ['bun run emulated-pi', 'bun run emulated-pi --folder /var/tmp/pi'],
  exits: { 1: 'this machine cannot have it; the line says why' },
} as const satisfies Command

/** Sockets lie under the folder, and their paths may have 107 bytes. */
const LONGEST = 60

const folderFrom = (given: string | undefined): string => {
  if (given === undefined) return mkdtempSync(join(tmpdir(), 'lucid-pi-'))
  const folder = resolve(given)
  if (folder.length > LONGEST) throw new CliError(`--folder takes a path of at most ${LONGEST} characters`)
  mkdirSync(folder, { recursive: true })
  return folder
}

const untilTold = (): Promise<void> =>
  new Promise((told) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => told())
  })

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const folder = folderFrom(flags.folder)
  const look = lookOf(process.stderr, process.env)
  const began = performance.now()
  const screen = progress(terminal.err, look)
  const doing = `starting an emulated Pi, with ${MONGO_IMAGE_TITLE}`
  const tick = () => screen.show(`${doing}: ${duration(performance.now() - began)}`)
  try {
    const told = untilTold()
    screen.show(doing, doing)
    const timer = setInterval(tick, 500)
    const started = await startPlatformPi({ folder }).finally(() => {
      clearInterval(timer)
      screen.done()
    })
    if ('absent' in started) throw new CliError(`no emulated Pi on this machine: ${started.absent}`)
    const { pi, env } = started
    try {
      terminal.err(
        [
          '',
          `${paint(look, 'bold', 'An emulated Pi is up.')} It has this machine's kernel, architecture and speed, no systemd and no cron.`,
          `In the place of mongo:7 it has DocumentDB, which is not MongoDB: no evidence belongs in it.`,
          flags.folder === undefined
            ? `Everything in ${folder} goes away with it. Ctrl-C stops it.`
            : `What it holds stays in ${folder}. Ctrl-C stops it.`,
          '',
          'In another terminal, in this folder, type these lines, and then what the deploy page says, without --host:',
          '',
          '',
        ].join('\n'),
      )
      terminal.out(
        flags.json
          ? `${JSON.stringify({ stand_in: true, database: MONGO_IMAGE_TITLE, host: pi.host, ssh_config: pi.sshConfig, env_folder: env.LUCID_ENV_FOLDER, dir: pi.dir, folder, ms: Math.round(performance.now() - began) })}\n`
          : Object.entries(env)
              .map(([key, value]) => `export ${key}=${value}\n`)
              .join(''),
      )
      terminal.err(
        `\nIts images come over the ssh line: bun run deploy:pi --registry-less. A look inside: ssh -F ${pi.sshConfig} ${pi.host}\n`,
      )
      await told
      terminal.err('\nstopping\n')
    } finally {
      await pi.stop()
    }
  } finally {
    if (flags.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
  return 0
})
