import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '#catalog'
import type { Command } from '#common/cli/args'
import { jsonText } from '#common/cli/text'
import { silentLog } from '#common/process/log'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import type { ApiDocument } from './client/document.ts'
import { type Derived, deriveFiles } from './derived-files.ts'
import type { EnvSchema } from './env-example.ts'
import { type Access, loadRoutes, readAccess } from './service-routes.ts'
import { loadCollectionNames, storeServices } from './store-schemas.ts'

export const command = {
  name: 'derive',
  about:
    'writes the Compose files, users of the database, example env files, the tables of services and of who may call what, and the client of the public API',
  flags: {
    check: { type: 'boolean', about: 'write nothing; exit 1 when a file differs from what would be written' },
    json: { type: 'boolean', about: 'print the result as JSON' },
  },
  examples: ['bun run derive', 'bun run derive --check'],
} as const satisfies Command

const root = join(import.meta.dir, '..', '..')

/** The Env schema of every service in the catalogue. Throws CliError when one has no env.ts. */
export const loadSchemas = async (names: readonly string[]): Promise<Readonly<Record<string, EnvSchema>>> => {
  const loaded = await Promise.all(
    names.map(async (name) => {
      const path = join(root, 'services', name, 'env.ts')
      if (!existsSync(path))
        throw new CliError(`services/${name}/env.ts is missing: write it, or take ${name} off the catalogue`)
      const { Env } = (await import(path)) as { readonly Env?: EnvSchema }
      if (Env === undefined) throw new CliError(`services/${name}/env.ts exports no Env`)
      return [name, Env] as const
    }),
  )
  return Object.fromEntries(loaded)
}

/** Who may call which route, by service. */
export const loadAccess = async (names: readonly string[]): Promise<Readonly<Record<string, readonly Access[]>>> => {
  const parts = { guard: async () => ({ caller: '' }), log: silentLog }
  const loaded = names.map(async (name) => [name, readAccess(await loadRoutes(name, parts))] as const)
  return Object.fromEntries(await Promise.all(loaded))
}

/** What api-server says of its routes. */
export const loadApiDocument = async (): Promise<ApiDocument> => {
  const app = await loadRoutes('api-server', { guard: async () => ({ caller: '' }), log: silentLog })
  return (await app.handle(new Request('http://localhost/openapi.json'))).json() as Promise<ApiDocument>
}

const onDisk = (path: string): string | undefined => {
  const whole = join(root, path)
  return existsSync(whole) ? readFileSync(whole, 'utf8') : undefined
}

const write = ({ path, text }: Derived) => {
  if (text === undefined) rmSync(join(root, path))
  else writeFileSync(join(root, path), text)
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const schemas = await loadSchemas(Object.keys(catalog))
  const derived = deriveFiles(
    catalog,
    schemas,
    {
      stores: await loadCollectionNames(storeServices()),
      access: await loadAccess(Object.keys(catalog)),
      api: await loadApiDocument(),
    },
    onDisk('services/README.md') ?? '',
  )
  if (derived === undefined)
    throw new CliError(
      'services/README.md needs the lines <!-- services:begin --> and <!-- services:end -->, once each',
    )
  const files = derived.map((file) => ({ ...file, same: onDisk(file.path) === file.text }))
  const drifted = files.filter(({ same }) => !same)
  if (!flags.check) for (const file of drifted) write(file)
  const left = flags.check ? drifted : []
  if (flags.json) {
    const report = {
      ok: left.length === 0,
      changed: drifted.map(({ path }) => path),
      files: files.map(({ path }) => path),
    }
    terminal.out(jsonText(report))
  } else {
    const verb = flags.check ? 'differs' : 'written'
    for (const { path, text } of drifted)
      terminal.out(`${text === undefined && !flags.check ? 'removed' : verb}  ${path}\n`)
    if (drifted.length === 0) terminal.out('all derived files are up to date\n')
  }
  if (left.length > 0 && !flags.json) terminal.err('derive: run `bun run derive` and commit what it writes\n')
  return left.length === 0 ? 0 : 1
})
