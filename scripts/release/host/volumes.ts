import { catalog, stock } from '#catalog'
import type { OwnersReport } from '#common/host/owners-model'
import type { Lease } from '../../host/lease.ts'
import { commandLine } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { parseOutput } from '../../host/tool-events.ts'
import { CHANGE_CAPS, READ_CAPS, toolCommand } from '../../host/tool-run.ts'
import { volumeOwners } from '../content/prepare-spec.ts'

/** Every named volume of the catalogue with the user that everything in it belongs to. */
export const ourVolumes: Readonly<Record<string, number>> = volumeOwners(catalog, stock)

/** Volume to user and group. */
export type Owners = Readonly<Record<string, number>>

/** The line of sh that looks at volumes or gives them to whom they belong; the list goes to its standard input. */
export const volumeOwnersScript = (image: string, volumes: readonly string[], mode: 'look' | 'change'): string =>
  toolCommand(image, mode === 'look' ? ['owners', '--check'] : ['owners'], {
    caps: mode === 'look' ? READ_CAPS : [...CHANGE_CAPS],
    mounts: volumes.map((name) => ({
      type: 'volume',
      source: name,
      target: `/volumes/${name}`,
      access: mode === 'look' ? 'read' : 'write',
    })),
  })

/** Those that the host has. One that it has not would be made by mounting it, with the wrong owner. */
const existing = async (shell: Shell, wanted: Owners): Promise<Owners> => {
  const out = await requireSuccess(
    `${shell.name}: its volumes`,
    shell.run(commandLine('docker', 'volume', 'ls', '--quiet')),
  )
  const there = new Set(out.split('\n'))
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => there.has(name)))
}

const owned = async (
  shell: Shell,
  run: Shell['run'],
  { image, volumes, mode }: OwnersOptions & { readonly mode: 'look' | 'change' },
): Promise<OwnersReport> => {
  const there = await existing(shell, volumes)
  if (Object.keys(there).length === 0) return { ok: true, done: false, volumes: [] }
  const input = JSON.stringify({ volumes: Object.entries(there).map(([name, uid]) => ({ name, uid })) })
  const script = volumeOwnersScript(image, Object.keys(there), mode)
  const answer = await run(script, { input, timeoutMs: 600_000 })
  return parseOutput<OwnersReport>(`${shell.name}: its volumes cannot be looked at`, answer)
}

export type OwnersOptions = { readonly image: string; readonly volumes: Owners }

/** Which volumes hold what belongs to somebody else. Volumes that are not there yet are left out. */
export const checkVolumeOwners = (shell: Shell, options: OwnersOptions): Promise<OwnersReport> =>
  owned(shell, shell.run, { ...options, mode: 'look' })

/** Gives everything in these volumes to whom it belongs. */
export const fixVolumeOwners = (lease: Lease, options: OwnersOptions): Promise<OwnersReport> =>
  owned(lease.shell, lease.run, { ...options, mode: 'change' })
