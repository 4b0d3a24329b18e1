import { errorMessage } from '#common/process/error'
import { asJson, type Command, type Tools } from './tools.ts'

/** A command that reads a document and answers one; what is wrong with either is said in a line. */
const onHost =
  (work: (text: string, tools: Tools, mode: 'look' | 'change') => Promise<{ readonly ok: boolean }>): Command =>
  async (tools, _, mode) => {
    try {
      const report = await work(await tools.host.input(), tools, mode)
      tools.out(asJson(report))
      return report.ok
    } catch (error) {
      tools.err(`server-tools: ${errorMessage(error)}\n`)
      return false
    }
  }

// Loaded when they are asked for: health, which runs often, needs none of it.
export const prepare = onHost(async (text, { host: { folder, random } }, mode) => {
  const [{ hostSpec, prepare: prepareHost }, { diskAt }] = await Promise.all([
    import('./prepare/prepare.ts'),
    import('./prepare/disk.ts'),
  ])
  return prepareHost(hostSpec(text), { disk: diskAt(folder), random, mode })
})

export const owners = onHost(async (text, { host: { volumes } }, mode) => {
  const [{ owners: giveOwners, ownersSpec }, { treeAt }] = await Promise.all([
    import('./owners/owners.ts'),
    import('./owners/tree.ts'),
  ])
  return giveOwners(ownersSpec(text), { treeOf: (volume) => treeAt(`${volumes}/${volume}`), mode })
})

export const marks = onHost(async (text, { host: { volumes } }, mode) => {
  const [{ marks: markVolumes, marksSpec }, { volumeAt }] = await Promise.all([
    import('./marks/marks.ts'),
    import('./marks/volume.ts'),
  ])
  return markVolumes(marksSpec(text), { volumeOf: (name) => volumeAt(`${volumes}/${name}`), mode })
})

type BackupCommands = typeof import('./backup-commands.ts')

const loadBackupCommand =
  (name: keyof BackupCommands): Command =>
  async ({ host: { lines, random, backup: mounts }, now, out }) => {
    const commands = await import('./backup-commands.ts')
    try {
      return await commands[name]({ mounts, nextLine: lines.next, random, now, out })
    } finally {
      await lines.stop()
    }
  }

export const backup = loadBackupCommand('backupCommand')
export const backups = loadBackupCommand('backupsCommand')
export const restore = loadBackupCommand('restoreCommand')
export const copy = loadBackupCommand('copyCommand')
