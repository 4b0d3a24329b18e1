import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { text } from '#common/cli/text'
import { CliError } from '../../../cli/fail.ts'
import { runCommand, type Terminal } from '../../../cli/run-command.ts'
import { waitForShutdown, withProgress } from '../by-hand.ts'
import { MONGO_IMAGE_TITLE } from '../mongo-image/title.ts'
import { type PlatformPi, startPlatformPi } from './platform-pi.ts'

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

const folderFrom = (path: string | undefined): string => {
  if (path === undefined) return mkdtempSync(join(tmpdir(), 'lucid-pi-'))
  const folder = resolve(path)
  if (folder.length > LONGEST) throw new CliError(`--folder takes a path of at most ${LONGEST} characters`)
  mkdirSync(folder, { recursive: true })
  return folder
}

type Started = { readonly platform: PlatformPi; readonly folder: string; readonly keeps: boolean }

/** What to type next, for a person, and with `json` for a program. */
const report = (terminal: Terminal, { platform, folder, keeps }: Started, json: object | undefined): void => {
  const { pi, env } = platform
  terminal.err(
    text(
      [
        '',
        [
          { text: 'An emulated Pi is up.', colour: 'bold' },
          ` It has this machine's kernel, architecture and speed, no systemd and no cron.`,
        ],
        `In the place of mongo:7 it has DocumentDB, which is not MongoDB: no evidence belongs in it.`,
        keeps
          ? `What it holds stays in ${folder}. Ctrl-C stops it.`
          : `Everything in ${folder} goes away with it. Ctrl-C stops it.`,
        '',
        'In another terminal, in this folder, type these lines, and then what the deploy page says, without --host:',
        '',
      ],
      detectStyle(process.stderr, process.env),
    ),
  )
  const lines = Object.entries(env).map(([key, value]) => `export ${key}=${value}`)
  terminal.out(json === undefined ? text(lines) : `${JSON.stringify(json)}\n`)
  terminal.err(
    text([
      '',
      `Its images come over the ssh connection: bun run deploy:pi --registry-less. A look inside: ssh -F ${pi.sshConfig} ${pi.host}`,
    ]),
  )
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const folder = folderFrom(flags.folder)
  const keeps = flags.folder !== undefined
  const began = performance.now()
  try {
    const shutdown = waitForShutdown()
    const doing = `starting an emulated Pi, with ${MONGO_IMAGE_TITLE}`
    const platform = await withProgress(terminal, doing, () => startPlatformPi({ folder }))
    if ('absent' in platform) throw new CliError(`no emulated Pi on this machine: ${platform.absent}`)
    const { pi, env } = platform
    try {
      const json = {
        stand_in: true,
        database: MONGO_IMAGE_TITLE,
        host: pi.host,
        ssh_config: pi.sshConfig,
        env_folder: env.LUCID_ENV_FOLDER,
        dir: pi.dir,
        folder,
        ms: Math.round(performance.now() - began),
      }
      report(terminal, { platform, folder, keeps }, flags.json ? json : undefined)
      await shutdown
      terminal.err(text(['', 'stopping']))
    } finally {
      await pi.stop()
    }
  } finally {
    if (!keeps) rmSync(folder, { recursive: true, force: true })
  }
  return 0
})
