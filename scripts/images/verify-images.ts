import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { catalog } from '#catalog'
import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { jsonText } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { progress } from '../cli/progress.ts'
import { runCommand } from '../cli/run-command.ts'
import { homeFrom, repository } from '../platform/home.ts'
import { readImagesLock } from './layout/digests-lock.ts'
import { readKey } from './layout/signature.ts'
import { importedPackages } from './verify/imported.ts'
import { ownSecrets } from './verify/own-secrets.ts'
import { decideVerdict, reportText } from './verify/report.ts'
import { findScanner } from './verify/scan.ts'
import { verifyImages } from './verify/verify.ts'

export const command = {
  name: 'verify:images',
  about: 'checks every built image, byte by byte, against what an image of Lucid must be',
  flags: {
    key: { type: 'string', value: 'FILE', about: 'the public key that must have signed the lock' },
    only: { type: 'string', value: 'A,B', about: 'these services only' },
    images: { type: 'string', value: 'FOLDER', about: 'where the images are (dist/images)' },
    json: { type: 'boolean', about: 'print one JSON document' },
  },
  examples: ['bun run verify:images', 'bun run verify:images --key operator.pub --json'],
  exits: {
    0: 'every rule was run and holds',
    1: 'a rule is broken, or the images cannot be read; the lines say what',
    2: 'what was run holds, but something was not run, a scan for vulnerabilities for one',
  },
} as const satisfies Command

const parseNames = (only: string | undefined, known: readonly string[]): readonly string[] => {
  const names = (only ?? '').split(',').filter(Boolean)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new CliError(`--only does not know '${unknown}': use ${known.join(', ')}`, { exitCode: EXIT_USAGE })
  return names
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const images = resolve(flags.images ?? join(repository, 'dist', 'images'))
  const lock = readImagesLock(images)
  const services = Object.keys(catalog)
  const only = parseNames(flags.only, [...new Set([...services, ...Object.keys(lock.digests)])])
  if (flags.key !== undefined && !existsSync(flags.key)) throw new CliError(`${flags.key} is missing`)
  const trusted = flags.key === undefined ? undefined : readKey(readFileSync(flags.key, 'utf8'), flags.key)
  const bar = progress(terminal.err, detectStyle(process.stderr, process.env))
  const { outcomes, images: count } = await verifyImages({
    images,
    lock,
    only,
    expected: services,
    listening: new Set(services),
    imported: (service) => importedPackages(repository, service),
    ownSecrets: ownSecrets(homeFrom(process.env).secrets),
    scanner: findScanner(process.env),
    ...(trusted !== undefined && { trusted }),
    onProgress: (service) => bar.show(`reading ${service}`),
  }).finally(() => bar.done())
  const verdict = decideVerdict(outcomes)
  if (flags.json) terminal.out(jsonText({ ok: verdict === 0, verdict, images: count, rules: outcomes }))
  else terminal.out(reportText(outcomes, count, detectStyle(process.stdout, process.env)))
  return verdict
})
