import { jsonText, type Print, type Text } from '#common/cli/text'
import type { BackupMounts } from './backup-commands.ts'
import type { CommandLine } from './command-line.ts'
import type { Topology } from './endpoints.ts'
import type { Lines } from './lines.ts'
import type { Network } from './net.ts'

/** What the commands have that change a host. */
export type HostTools = {
  readonly input: () => Promise<string>
  readonly random: (length: number) => Uint8Array
  /** Where the folder of Lucid is mounted, and where volumes are. */
  readonly folder: string
  readonly volumes: string
  readonly lines: Lines
  readonly backup: BackupMounts
}

export type Tools = {
  readonly host: HostTools
  readonly known: Topology
  readonly network: Network
  readonly versions: Readonly<Record<string, string>>
  /** Commands with words of their own; each answers the exit code. */
  readonly own: Readonly<
    Record<Extract<CommandLine, { readonly kind: 'own' }>['command'], (words: readonly string[]) => Promise<number>>
  >
  readonly now: () => number
  readonly out: Print
  readonly err: Print
}

/** A command: does it, prints what there is to print, and answers whether all is well. `mode` is for those that change a host. */
export type Command = (tools: Tools, json: boolean, mode: 'look' | 'change') => Promise<boolean>

/** A value as people and programs read it. */
export const asJson = (value: unknown): Text => jsonText(value)
