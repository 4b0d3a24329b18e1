import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT_USAGE } from '#common/cli/read-command'
import type { Secret } from '#common/process/env'
import { CliError } from '../cli/fail.ts'
import { readEnvKeys } from './env-keys.ts'
import { makePrivateFolder } from './files.ts'
import type { Home } from './home.ts'
import { findLeftOut, formatLeftOut, type LeftOut } from './left-out.ts'
import { homeMark } from './leftovers.ts'
import { buildProcessEnv, localUrl } from './process-env.ts'
import { ensureSecret, writeIdentities } from './secrets.ts'
import type { PlatformSource } from './source.ts'
import { findEmptyStacks, findUnmetNeeds, orderStages, type Stage } from './start-order.ts'
import type { Unit } from './unit.ts'

/** What is started, and what this machine cannot have. */
export type Planned = { readonly stages: readonly Stage[]; readonly leftOut: LeftOut }

/** The stages of the chosen stacks, without what needs a missing program (`has`); throws CliError if they cannot be. */
export const planStages = (
  { catalogue: whole, order }: PlatformSource,
  chosen: readonly string[],
  has: (program: string) => boolean,
): Planned => {
  const out = findLeftOut(whole, has)
  const catalogue = Object.fromEntries(Object.entries(whole).filter(([name]) => out[name] === undefined))
  const missed = Object.entries(out).filter(
    ([name]) => chosen.length === 0 || chosen.includes(whole[name]?.stack ?? ''),
  )
  const gone = chosen.filter(
    (stack) => findEmptyStacks(catalogue, [stack]).length > 0 && findEmptyStacks(whole, [stack]).length === 0,
  )
  if (gone.length > 0)
    throw new CliError(`stack ${gone.join(', ')} cannot be started on this machine`, {
      details: missed.map(([name, why]) => formatLeftOut(name, why)),
    })
  const empty = findEmptyStacks(catalogue, chosen)
  const inhabited = order.filter((stack) => findEmptyStacks(catalogue, [stack]).length === 0)
  if (empty.length > 0)
    throw new CliError(`stack ${empty.join(', ')} has no services yet: use ${inhabited.join(', ')}`, {
      exitCode: EXIT_USAGE,
    })
  const stages = orderStages(catalogue, order, chosen)
  const [gap] = findUnmetNeeds(catalogue, stages)
  if (gap) {
    const { service, need, stack } = gap
    throw new CliError(`${service} needs ${need} of stack ${stack}: add --stack ${stack}`, { exitCode: EXIT_USAGE })
  }
  return { stages, leftOut: Object.fromEntries(missed) }
}

const declaredKeys = async (source: PlatformSource, name: string) => {
  if (!existsSync(join(source.services, name, 'main.ts')))
    throw new CliError(`services/${name}/main.ts is missing: the checkout is not complete`)
  return readEnvKeys(source.services, name)
}

/** A file of this machine that a service reads, by its key; where there is none that says anything, one drawn for this state folder. */
const findHostFiles = (source: PlatformSource, name: string, home: Home): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(source.catalogue[name]?.hostFiles ?? {}).map(([key, path]) => {
      const isThere = existsSync(path) && readFileSync(path, 'utf8').trim() !== ''
      if (!isThere) ensureSecret(home, name, key)
      return [`${key}_FILE`, isThere ? path : home.secret(name, key)]
    }),
  )

/** Makes folders, secrets (at first start) and identities before the first process; the units to start, by name. */
export const prepareUnits = async (
  source: PlatformSource,
  {
    home,
    services,
    ports,
    env,
    ambient,
  }: {
    readonly home: Home
    readonly services: readonly string[]
    readonly ports: Readonly<Record<string, number>>
    readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>
    readonly ambient: Readonly<Record<string, string | undefined>>
  },
): Promise<ReadonlyMap<string, Unit>> => {
  const keys = (owner: string, key: string): Secret => ensureSecret(home, owner, key)
  // Identities and secrets are made for all services, so that starting another stack later changes no file
  // that running services have read.
  const all = Object.keys(source.catalogue)
  const declared = new Map(
    await Promise.all(all.map(async (name) => [name, await declaredKeys(source, name)] as const)),
  )
  for (const [name, known] of declared) for (const { key, secret } of known) if (secret) keys(name, key)
  for (const [name, known] of Object.entries(source.clientKeys)) for (const key of known) keys(name, key)
  for (const [name, known] of Object.entries(source.stockKeys)) for (const key of known) keys(name, key)
  const names = [...all, ...Object.keys(source.clientKeys)]
  writeIdentities(home, Object.fromEntries(names.map((name) => [name, keys(name, 'IDENTITY_KEY')])))

  return new Map(
    services.map((name) => {
      makePrivateFolder(home.data(name))
      const derived = Object.entries(source.derived[name] ?? {}).map(([key, value]) => [key, value(keys, home)])
      const unit: Unit = {
        name,
        stack: source.catalogue[name]?.stack ?? 'core',
        port: ports[name] ?? 0,
        url: localUrl(ports[name]),
        argv: [process.execPath, join(source.services, name, 'main.ts'), homeMark(home)],
        cwd: join(source.services, '..'),
        env: buildProcessEnv(name, {
          catalogue: source.catalogue,
          ports,
          paths: home,
          keys: declared.get(name) ?? [],
          overrides: { ...Object.fromEntries(derived), ...findHostFiles(source, name, home), ...env[name] },
          ambient,
        }),
        log: home.log(name),
      }
      return [name, unit]
    }),
  )
}
