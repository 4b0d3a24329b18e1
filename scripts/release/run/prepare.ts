import { catalog, stock } from '#catalog'
import type { HostSpec, Report } from '#common/host/provision-model'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import type { ScriptResult } from '../../host/script.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { parseOutput } from '../../host/tool-events.ts'
import { CHANGE_CAPS, READ_CAPS, toolCommand } from '../../host/tool-run.ts'
import { readEnvKeys } from '../../platform/env-keys.ts'
import { lucid } from '../../platform/source.ts'
import { makePrepareSpec, type SecretNames, volumeOwners } from '../content/prepare-spec.ts'
import type { Release } from '../content/release.ts'

/** The secrets that this checkout's services, clients and stock containers have, by name. */
export const readSecretNames = async (): Promise<SecretNames> => ({
  services: Object.fromEntries(
    await Promise.all(
      Object.keys(lucid.catalogue).map(async (name) => {
        const keys = await readEnvKeys(lucid.services, name)
        return [name, keys.flatMap(({ key, secret }) => (secret ? [key] : []))] as const
      }),
    ),
  ),
  clients: lucid.clientKeys,
  stock: lucid.stockKeys,
})

/** Every secret that a host may need, `owner/KEY`: those of this checkout, and those of the release that runs there. */
export const listSecrets = async (current: Pick<Release, 'secrets'> | undefined): Promise<readonly string[]> => {
  const { secrets } = makePrepareSpec(await readSecretNames(), { hasData: false })
  return [...new Set([...secrets.map(({ owner, key }) => `${owner}/${key}`), ...(current?.secrets ?? [])])]
}

const dataScript = (dir: string): string =>
  [
    `if [ -s ${quote(`${dir}/deploy/current`)} ]; then echo release; fi`,
    `docker volume ls --quiet --filter name=lucid_ | while read -r volume; do`,
    `  case "$volume" in ${Object.keys(volumeOwners(catalog, stock)).join('|')}) echo "$volume";; esac`,
    'done',
  ].join('\n')

/** What this checkout wants of a host, by whether that keeps data already. */
export const makeHostSpec = async (shell: Shell, dir: string): Promise<HostSpec> => {
  const [names, data] = await Promise.all([
    readSecretNames(),
    requireSuccess(`${shell.name}: its volumes`, shell.run(dataScript(dir))),
  ])
  return makePrepareSpec(names, { hasData: data.trim() !== '' })
}

export type PrepareOptions = { readonly image: string; readonly spec: HostSpec }

const parseReport = (name: string, answer: ScriptResult): Report =>
  parseOutput(`${name}: its secrets cannot be looked at`, answer)

const folderOf = (dir: string, access: 'read' | 'write') =>
  ({ type: 'bind', source: dir, target: '/lucid', access }) as const

/** Makes the secrets that the host lacks, owners, identities; with one fault, nothing. Throws CliError. */
export const prepareHost = async (lease: Lease, { image, spec }: PrepareOptions): Promise<Report> =>
  parseReport(
    lease.shell.name,
    await lease.run(toolCommand(image, ['prepare'], { caps: CHANGE_CAPS, mounts: [folderOf(lease.dir, 'write')] }), {
      input: JSON.stringify(spec),
    }),
  )

/** What can be said of a host that has no image of ours yet: which secrets lie there. */
export type NotInspected = { readonly unlooked: string; readonly missing: readonly string[] }

/** What `prepareHost` would do and what is wrong; a host without the image only says which files are there. */
export const checkHost = async (
  shell: Shell,
  { image, spec, dir }: PrepareOptions & { readonly dir: string },
): Promise<Report | NotInspected> => {
  const names = spec.secrets.map(({ owner, key }) => `${owner}/${key}`)
  const there = await shell.run(
    `${commandLine('docker', 'image', 'inspect', '--format', '{{.Id}}', image)} >/dev/null 2>&1 && [ -d ${quote(dir)} ] || echo absent`,
  )
  if (there.out.trim() === '')
    return parseReport(
      shell.name,
      await shell.run(
        toolCommand(image, ['prepare', '--check'], { caps: READ_CAPS, mounts: [folderOf(dir, 'read')] }),
        { input: JSON.stringify(spec) },
      ),
    )
  const tests = names.map((name) => `[ -e ${quote(`${dir}/secrets/${name}`)} ] || echo ${quote(name)}`)
  const missing = await requireSuccess(`${shell.name}: ${dir}/secrets`, shell.run(`${tests.join('\n')}\n:`))
  return { unlooked: `${shell.name} has no image of server-tools yet`, missing: missing.split('\n').filter(Boolean) }
}
