import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Stack } from '#catalog'
import { sampleEntry } from '#common/testing/sample-entry'
import { type Home, homeAt } from '../../platform/home.ts'
import type { PlatformSource } from '../../platform/source.ts'
import type { Timing } from '../../platform/unit-runner.ts'

export type FixtureEntry = {
  readonly stack: Stack
  readonly needs?: readonly string[]
  readonly programs?: readonly string[]
}

/** Quick enough for tests, and no test asserts any of these times. */
export const quick: Partial<Timing> = { backoff: { first: 20, most: 200, calm: 10_000 }, stopMs: 5_000, pollMs: 10 }

/**
 * A platform of fixture services in a folder of its own: its state is in `home`, `remove` deletes it all.
 * Each service declares the keys IDENTITY_KEY and TOKEN_KEY as secrets, and COLOUR.
 */
export const fixturePlatform = (
  entries: Readonly<Record<string, FixtureEntry>>,
): { readonly source: PlatformSource; readonly home: Home; readonly remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-platform-'))
  const services = join(folder, 'services')
  for (const name of Object.keys(entries)) {
    mkdirSync(join(services, name), { recursive: true })
    writeFileSync(
      join(services, name, 'main.ts'),
      `import ${JSON.stringify(join(import.meta.dir, 'fixture-service.ts'))}\n`,
    )
    writeFileSync(
      join(services, name, 'env.ts'),
      'export const Env = { properties: { IDENTITY_KEY: { secret: true }, TOKEN_KEY: { secret: true }, COLOUR: {} } }\n',
    )
  }
  const catalogue = Object.fromEntries(
    Object.entries(entries).map(([name, one], i) => [
      name,
      { ...sampleEntry, ...one, port: 20_000 + i, hostPort: 20_000 + i },
    ]),
  )
  return {
    source: {
      catalogue,
      order: ['core', 'sessions', 'blockchain', 'integration'],
      services,
      clientKeys: { operator: ['IDENTITY_KEY', 'OWNER_KEY'] },
      stockKeys: { database: ['KEYFILE'] },
      derived: {},
    },
    home: homeAt(join(folder, 'home')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
