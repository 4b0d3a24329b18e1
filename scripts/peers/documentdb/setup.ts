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

/** What a front is told on the first line of its stdin, as JSON. */
export type Setup = {
  readonly root: string
  readonly folder: string
  readonly port: number
  readonly pose: Pose
  readonly users?: Users
  readonly tls?: { readonly cert: string; readonly key: string }
  /** A file system that ends with the front's parent. */
  readonly mounted?: string
}

/** What it says on the first line of its stdout when it answers. */
export type Ready = {
  readonly port: number
  /** Process id of the engine's first process. */
  readonly engine: number
}

/** A role as the front keeps it; those with privileges of their own are defined in `admin`. */
export const keptRole = (
  role: Role,
): { readonly role: string; readonly db: string; readonly privileges?: readonly Privilege[] } => {
  if ('name' in role) return { role: role.name, db: 'admin', privileges: role.privileges }
  return { role: role.role, db: 'db' in role ? role.db : 'admin' }
}
