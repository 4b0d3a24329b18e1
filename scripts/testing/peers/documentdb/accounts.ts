import { existsSync, readFileSync } from 'node:fs'
import { CommandError } from './errors.ts'
import { type Privilege, privilegesOf, type RoleDefinition, type RoleName } from './rights.ts'
import { type Credentials, credentialsOf } from './scram.ts'
import { writeWhole } from './whole-file.ts'

/** A user of the front; `db` is where it is defined (authSource). */
export type User = {
  readonly user: string
  readonly db: string
  readonly roles: readonly RoleName[]
  readonly credentials: Credentials
}

/** Users and roles, kept in a file that survives a kill. */
export type Accounts = {
  readonly users: () => readonly User[]
  readonly roles: () => readonly RoleDefinition[]
  readonly find: (user: string, db: string) => User | undefined
  readonly privileges: (user: User) => readonly Privilege[]
  readonly addUser: (user: NewUser) => void
  /** Absent fields stay as they are. */
  readonly changeUser: (
    user: string,
    db: string,
    change: { readonly password?: string; readonly roles?: readonly RoleName[] },
  ) => void
  readonly dropUser: (user: string, db: string) => void
  readonly addRole: (role: RoleDefinition) => void
  readonly changeRole: (role: RoleName, change: Partial<Pick<RoleDefinition, 'privileges' | 'roles'>>) => void
  readonly dropRole: (role: RoleName) => void
}

export type NewUser = {
  readonly user: string
  readonly db: string
  readonly password: string
  readonly roles: readonly RoleName[]
}

type Kept = { readonly users: readonly User[]; readonly roles: readonly RoleDefinition[] }

const is = (
  one: { readonly db: string; readonly user?: string; readonly role?: string },
  name: string,
  db: string,
) => one.db === db && (one.user ?? one.role) === name

/** Opens the file, or begins it. `salt` gives 28 random bytes. */
export const openAccounts = (path: string, salt: () => Uint8Array): Accounts => {
  let kept: Kept = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Kept)
    : { users: [], roles: [] }
  const change = (next: Partial<Kept>): void => {
    const whole = { ...kept, ...next }
    writeWhole(path, JSON.stringify(whole))
    kept = whole
  }
  const demandRoles = (roles: readonly RoleName[]): void => {
    for (const one of roles)
      if (privilegesOf(one, kept.roles) === undefined)
        throw new CommandError(31, 'RoleNotFound', `Could not find role: ${one.role}@${one.db}`)
  }
  const find = (user: string, db: string) => kept.users.find((one) => is(one, user, db))
  const demandUser = (user: string, db: string): User => {
    const found = find(user, db)
    if (found === undefined)
      throw new CommandError(11, 'UserNotFound', `Could not find user "${user}" for db "${db}"`)
    return found
  }
  const demandRole = ({ role, db }: RoleName): RoleDefinition => {
    const found = kept.roles.find((one) => is(one, role, db))
    if (found === undefined) throw new CommandError(31, 'RoleNotFound', `No role named ${role}@${db}`)
    return found
  }
  return {
    users: () => kept.users,
    roles: () => kept.roles,
    find,
    privileges: (user) => user.roles.flatMap((role) => privilegesOf(role, kept.roles) ?? []),
    addUser: ({ user, db, password, roles }) => {
      demandRoles(roles)
      if (find(user, db) !== undefined)
        throw new CommandError(51003, 'Location51003', `User "${user}@${db}" already exists`)
      change({ users: [...kept.users, { user, db, roles, credentials: credentialsOf(password, salt()) }] })
    },
    changeUser: (user, db, { password, roles }) => {
      const old = demandUser(user, db)
      if (roles !== undefined) demandRoles(roles)
      const next = {
        ...old,
        ...(roles === undefined ? {} : { roles }),
        ...(password === undefined ? {} : { credentials: credentialsOf(password, salt()) }),
      }
      change({ users: kept.users.map((one) => (one === old ? next : one)) })
    },
    dropUser: (user, db) => {
      const old = demandUser(user, db)
      change({ users: kept.users.filter((one) => one !== old) })
    },
    addRole: (role) => {
      demandRoles(role.roles)
      if (privilegesOf(role, kept.roles) !== undefined)
        throw new CommandError(51002, 'Location51002', `Role "${role.role}@${role.db}" already exists`)
      change({ roles: [...kept.roles, role] })
    },
    changeRole: (name, next) => {
      const old = demandRole(name)
      if (next.roles !== undefined) demandRoles(next.roles)
      change({ roles: kept.roles.map((one) => (one === old ? { ...old, ...next } : one)) })
    },
    dropRole: (name) => {
      const old = demandRole(name)
      change({
        roles: kept.roles.filter((one) => one !== old),
        users: kept.users.map((user) => ({
          ...user,
          roles: user.roles.filter((one) => !is(one, name.role, name.db)),
        })),
      })
    },
  }
}
