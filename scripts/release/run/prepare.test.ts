import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stacks } from '#catalog'
import { repository } from '../../platform/home.ts'
import { makePrepareSpec } from '../content/prepare-spec.ts'
import { readSecretNames } from './prepare.ts'

test('every secret that a Compose file mounts is one that a host makes, and no name is listed twice', async () => {
  const spec = makePrepareSpec(await readSecretNames(), { hasData: false })
  const made = spec.secrets.map(({ owner, key }) => `${owner}/${key}`)
  const mounted = stacks.flatMap((stack) => {
    const text = readFileSync(join(repository, 'compose', `docker-compose.${stack}.yaml`), 'utf8')
    // The committed file, held to its shape by scripts/derive/compose-rules.ts.
    const { secrets = {} } = Bun.YAML.parse(text) as { readonly secrets?: Record<string, { file: string }> }
    return Object.values(secrets).map(({ file }) => /secrets\/(.*)$/.exec(file)?.[1] ?? file)
  })
  expect(mounted.length).toBeGreaterThan(20)
  expect(mounted.filter((name) => !made.includes(name))).toEqual([])
  expect(new Set(made).size).toBe(made.length)
})
