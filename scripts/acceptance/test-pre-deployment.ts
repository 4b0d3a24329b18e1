import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from '#common/cli/args'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { openHost } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { readKey } from '../images/layout/signature.ts'
import { repository } from '../platform/home.ts'
import { resolveEnvFolder } from '../release/content/checkout.ts'
import { testPreDeployment } from './pre-deployment.ts'
import { exits, reportFlags, runTests } from './run-tests.ts'

export const command = {
  name: 'test:pre-deployment',
  about:
    'tests what is to be deployed: images of both platforms, files of this checkout, and the host when one is named',
  flags: {
    ...targetFlags,
    images: { type: 'string', value: 'FOLDER', about: 'where the images are (dist/images)' },
    env: { type: 'string', value: 'FOLDER', about: 'where the env files are (env, or LUCID_ENV_FOLDER)' },
    key: { type: 'string', value: 'FILE', about: 'the public key that must have signed the images' },
    ...reportFlags,
  },
  examples: [
    'bun run test:pre-deployment --key operator.pub',
    'bun run test:pre-deployment --host pi@raspberrypi.local',
  ],
  exits,
} as const satisfies Command

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  if (flags.key !== undefined && !existsSync(flags.key)) throw new CliError(`${flags.key} is missing`)
  const trusted = flags.key === undefined ? undefined : readKey(readFileSync(flags.key, 'utf8'), flags.key)
  const envFolder = resolveEnvFolder(flags.env, process.env)
  // The host that deploy:pi remembers is not asked by itself: images can be tested with no host at all.
  const named = flags.host ?? (process.env['LUCID_HOST'] || undefined)
  const opened = named === undefined ? undefined : openHost(flags, process.env)
  try {
    return await runTests(
      {
        group: command.name,
        subject: opened === undefined ? 'this checkout' : `this checkout, for ${opened.shell.name}`,
        json: flags.json,
        terminal,
      },
      (report) =>
        testPreDeployment(
          {
            dist: resolve(flags.images ?? join(repository, 'dist', 'images')),
            trusted,
            opened,
            envFolder,
            env: process.env,
          },
          report,
        ),
    )
  } finally {
    await opened?.shell.close()
  }
})
