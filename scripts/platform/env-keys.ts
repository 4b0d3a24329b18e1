import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TObject } from '@sinclair/typebox'
import { isSecretKey } from '#common/process/env'
import type { EnvKey } from './process-env.ts'

/** The keys that the Env schema of a service declares (`services/<name>/env.ts`, which has no side effects). */
export const readEnvKeys = async (services: string, name: string): Promise<readonly EnvKey[]> => {
  const file: { readonly Env: TObject } = await import(pathToFileURL(join(services, name, 'env.ts')).href)
  return Object.entries(file.Env.properties).map(([key, schema]) => ({ key, secret: isSecretKey(schema) }))
}
