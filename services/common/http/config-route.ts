import { type AnyElysia, t } from 'elysia'
import type { ServiceName } from '#services/catalog'
import type { Setting } from '../process/env.ts'
import { callersOf } from './identity.ts'
import { problems } from './problem.ts'

/** What a service runs with, by key; a secret is named and never shown. */
export const Settings = t.Object({
  settings: t.Array(t.Object({ key: t.String(), value: t.Optional(t.String()), secret: t.Optional(t.Boolean()) })),
})
export type Settings = typeof Settings.static

const readers: readonly string[] = ['operator', 'api-server']

/** Adds what a service runs with, for those of its callers who show it to people; where there are none, nothing. */
export const addConfigRoute = (root: AnyElysia, service: string, settings: readonly Setting[]): void => {
  const callers = callersOf(service as ServiceName).filter((name) => readers.includes(name))
  if (callers.length === 0) return
  root.get('/config', () => ({ settings: [...settings] }), { response: { 200: Settings, ...problems }, callers })
}
