import type { Entry } from '#catalog'
import { needPortKey, portKey, urlKey } from '#common/process/env'

/** One key that a service's Env schema declares. */
export type EnvKey = { readonly key: string; readonly secret: boolean }

/** Where things of the state folder are; absolute paths. */
export type Paths = {
  readonly identities: string
  readonly data: (service: string) => string
  readonly secret: (owner: string, key: string) => string
}

export type EnvInput = {
  readonly catalogue: Readonly<Record<string, Pick<Entry, 'plane' | 'needs' | 'reads' | 'ports'>>>
  /** By service; its further ports by `service/port`. */
  readonly ports: Readonly<Record<string, number>>
  readonly paths: Paths
  readonly keys: readonly EnvKey[]
  /** Values that only this start-up can know, by key: the registrar's address, a test's chunk size. */
  readonly overrides?: Readonly<Record<string, string>>
  /** The caller's own environment: a key that the service declares, or its file, passes through unless it is decided here. */
  readonly ambient?: Readonly<Record<string, string | undefined>>
}

/** What a process needs of the machine; everything else of the caller's environment stays behind. */
const machineKeys = ['PATH', 'HOME', 'USERPROFILE', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP', 'TZ', 'LANG']

const defined = (entries: readonly (readonly [string, string | undefined])[]): Record<string, string> =>
  Object.fromEntries(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))

/** The name in a table of ports of a service's further port. */
export const furtherPort = (service: string, port: string): string => `${service}/${port}`

const portNames = (entry: Pick<Entry, 'ports'> | undefined): readonly string[] => Object.keys(entry?.ports ?? {})

/** The address of a service's HTTP interface on this machine. */
export const localUrl = (port: number | undefined): string => `http://127.0.0.1:${port ?? 0}`

/** The environment of a service's process; secrets by file (`KEY_FILE`), so that none stands in a process list. */
export const buildProcessEnv = (
  service: string,
  { catalogue, ports, paths, keys, overrides = {}, ambient = {} }: EnvInput,
): Readonly<Record<string, string>> => {
  const entry = catalogue[service]
  const decided: Record<string, string> = {
    LUCID_ENV: 'development',
    LUCID_PLANE: entry?.plane ?? 'ops',
    HOST: '127.0.0.1',
    PORT: String(ports[service] ?? 0),
    LUCID_DATA: paths.data(service),
    IDENTITY_PEERS_FILE: paths.identities,
    ...Object.fromEntries(
      [...(entry?.needs ?? []), ...(entry?.reads ?? [])].map((need) => [urlKey(need), localUrl(ports[need])]),
    ),
    ...Object.fromEntries(
      portNames(entry).map((port) => [portKey(port), String(ports[furtherPort(service, port)] ?? 0)]),
    ),
    ...Object.fromEntries(
      (entry?.needs ?? []).flatMap((need) =>
        portNames(catalogue[need]).map((port) => [
          needPortKey(need, port),
          `127.0.0.1:${ports[furtherPort(need, port)] ?? 0}`,
        ]),
      ),
    ),
    ...overrides,
  }
  const passed = keys.filter(({ key, secret }) => !secret && decided[key] === undefined)
  const files = keys.filter(({ key, secret }) => secret && decided[key] === undefined)
  return {
    ...defined(machineKeys.map((key) => [key, ambient[key]])),
    ...defined(passed.flatMap(({ key }) => [key, `${key}_FILE`].map((name) => [name, ambient[name]] as const))),
    ...Object.fromEntries(files.map(({ key }) => [`${key}_FILE`, paths.secret(service, key)])),
    ...decided,
  }
}
