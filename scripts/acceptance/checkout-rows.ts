import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stacks } from '#catalog'
import { entryFile } from '../cli/entry.ts'
import { live } from '../cli/run.ts'
import type { Files } from '../derive/compose-loose.ts'
import { breaches, exceptions, fileRules, rulesOfAll, serviceRules } from '../derive/compose-rules.ts'
import { findEnvFaults, parseEnvFile } from '../release/content/env-file.ts'
import { fail, makeJudged, pass, type Row } from './row.ts'

/** Derived files against what would be derived, by `bun run derive --check`. */
const driftRow = async (root: string): Promise<Row> => {
  const { code, out, err } = await live([process.execPath, entryFile('derive'), '--check', '--json'], { cwd: root })
  try {
    const { changed, files } = JSON.parse(out) as {
      readonly changed: readonly string[]
      readonly files: readonly string[]
    }
    return makeJudged('derived files are up to date', 'checkout', {
      wrong: changed.map((path) => `${path} differs: bun run derive`),
      figure: `${files.length} files`,
    })
  } catch {
    return fail('derived files are up to date', 'checkout', err.trim() || `derive ended with ${code}`)
  }
}

/** The committed Compose files against the rules of SPEC section 2. */
const composeRow = (root: string): Row => {
  const files: Files = Object.fromEntries(
    stacks.flatMap((stack) => {
      const path = join(root, 'compose', `docker-compose.${stack}.yaml`)
      // A file that is no Compose file breaks the rules; nothing of it is believed before.
      return existsSync(path) ? [[stack, Bun.YAML.parse(readFileSync(path, 'utf8')) as Files[string]] as const] : []
    }),
  )
  const missing = stacks.filter((stack) => files[stack] === undefined).map((stack) => `there is no file of ${stack}`)
  const rules = Object.keys({ ...serviceRules, ...fileRules, ...rulesOfAll }).length
  const services = Object.values(files).flatMap((file) => Object.keys(file.services ?? {})).length
  return makeJudged('Compose files keep the rules', 'compose/', {
    wrong: [...missing, ...breaches(files)],
    figure: `${rules} rules, ${services} services, ${Object.keys(exceptions).length} exceptions`,
  })
}

/** Env files that were filled in, a row a stack. */
const envRows = (root: string, folder = join(root, 'env')): readonly Row[] =>
  stacks.map((stack) => {
    const path = `.env.${stack}`
    if (!existsSync(join(folder, path)))
      return pass('env file has no placeholder', path, 'there is none: the defaults of the example')
    const { values, faults } = parseEnvFile(readFileSync(join(folder, path), 'utf8'))
    return makeJudged('env file has no placeholder', path, {
      wrong: [...faults.map(({ line, what }) => `line ${line} ${what}`), ...findEnvFaults(values)],
      figure: `${Object.keys(values).length} values`,
    })
  })

/** What a checkout must be before anything of it is deployed. */
export const checkoutRows = async (root: string, envFolder?: string): Promise<readonly Row[]> => [
  await driftRow(root),
  composeRow(root),
  ...envRows(root, envFolder),
]
