import { stacks } from '#catalog'
import { volumes } from '../derive/network.ts'

/** Where backups have their things on a host, under DIR. */
export const backupLayout = (dir: string) =>
  ({
    repository: `${dir}/backups`,
    /** age recipients, a line each: public. */
    recipients: `${dir}/backup-recipients`,
    /** What is known of files that were read. Paths in clear, so never beside a repository on another disk. */
    cache: `${dir}/backup-cache`,
    key: `${dir}/secrets/backup`,
    /** Plain copies of volumes from before a migration. */
    snapshots: `${dir}/snapshots`,
    backupReport: `${dir}/health/backup.json`,
    drillReport: `${dir}/health/drill.json`,
  }) as const

/** Name of the container that takes and restores backups: the engine lets only one have it. */
export const BACKUP_CONTAINER = 'lucid-backup'

/** Compose projects whose containers stand still while the last is read. */
export const COMPOSE_PROJECTS = stacks.map((stack) => `lucid-${stack}`)

export const VOLUMES = volumes

/** Names of a snapshot, a volume and a tag: nothing else of theirs goes into a script. */
export const isVolume = (name: string): boolean => volumes.includes(name)
