import { join } from 'node:path'
import type { Pose } from './hello.ts'
import type { Privilege } from './rights.ts'

/** A role of a user: built in, or with privileges of its own under a name. */
export type Role =
  | { readonly role: 'root' }
  | { readonly role: 'read' | 'readWrite'; readonly db: string }
  | {
      readonly name: string
      readonly privileges: readonly {
        readonly resource: { readonly db: string; readonly collection: string }
        readonly actions: readonly string[]
      }[]
    }

export type Users = Readonly<Record<string, { readonly password: string; readonly roles: readonly Role[] }>>

/** What a front is told, as JSON in a file. */
export type Setup = {
  readonly root: string
  readonly folder: string
  /** Process id of who starts it and dies with it. */
  readonly starter: number
  readonly port: number
  readonly pose: Pose
  readonly users?: Users
  readonly tls?: { readonly cert: string; readonly key: string }
  /** A file system that ends with the starter. */
  readonly mounted?: string
}

/** What it says in a file of its folder when it answers. */
export type Ready = {
  readonly port: number
  /** Process id of the engine's first process. */
  readonly engine: number
}

export const setupFile = (folder: string): string => join(folder, 'setup.json')
export const readyFile = (folder: string): string => join(folder, 'ready.json')

/** A role as the front keeps it; those with privileges of their own are defined in `admin`. */
export const keptRole = (
  role: Role,
): { readonly role: string; readonly db: string; readonly privileges?: readonly Privilege[] } => {
  if ('name' in role) return { role: role.name, db: 'admin', privileges: role.privileges }
  return { role: role.role, db: 'db' in role ? role.db : 'admin' }
}
