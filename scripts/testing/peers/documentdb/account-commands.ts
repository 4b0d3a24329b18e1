import type { Accounts, User } from './accounts.ts'
import type { Call } from './call.ts'
import type { Doc } from './document.ts'
import { CommandError } from './errors.ts'
import type { Privilege, RoleDefinition, RoleName } from './rights.ts'

/** createUser and its kin. */

const namesIn = (value: unknown, db: string): readonly RoleName[] => {
  if (!Array.isArray(value)) throw new CommandError(14, 'TypeMismatch', 'roles must be an array')
  return value.map((one: unknown) => {
    if (typeof one === 'string') return { role: one, db }
    const { role, db: place } = one as Doc
    return { role: String(role), db: String(place ?? db) }
  })
}

const privilegesIn = (value: unknown): readonly Privilege[] => {
  if (!Array.isArray(value)) throw new CommandError(14, 'TypeMismatch', 'privileges must be an array')
  return value.map((one: unknown) => {
    const { resource, actions } = one as { readonly resource: Doc; readonly actions: readonly string[] }
    const { cluster, db, collection } = resource
    return {
      resource:
        cluster === true
          ? { cluster: true as const }
          : { db: String(db ?? ''), collection: String(collection ?? '') },
      actions: actions.map(String),
    }
  })
}

const shownUser = ({ user, db, roles }: User): Doc => ({
  _id: `${db}.${user}`,
  user,
  db,
  roles,
  mechanisms: ['SCRAM-SHA-256'],
})

const shownRole = ({ role, db, privileges, roles }: RoleDefinition, whole: boolean): Doc => ({
  _id: `${db}.${role}`,
  role,
  db,
  roles,
  inheritedRoles: roles,
  isBuiltin: false,
  ...(whole ? { privileges, inheritedPrivileges: privileges } : {}),
})

/** Which of them usersInfo or rolesInfo asks for: 1, a name, { user, db }, or a list of those. */
const wanted = (asked: unknown, db: string, key: 'user' | 'role') => {
  const list = Array.isArray(asked) ? asked : [asked]
  return (name: string, place: string): boolean =>
    list.some((one: unknown) => {
      if (typeof one === 'string') return one === name && db === place
      if (typeof one !== 'object' || one === null) return db === place
      const { [key]: called, db: where, forAllDBs } = one as Doc
      return forAllDBs === true || (called === name && (where ?? db) === place)
    })
}

const same = (a: RoleName, b: RoleName) => a.role === b.role && a.db === b.db

type Handler = (call: Call, accounts: Accounts) => Doc

const userOf = (accounts: Accounts, name: string, db: string): User => {
  const found = accounts.find(name, db)
  if (found === undefined)
    throw new CommandError(11, 'UserNotFound', `Could not find user "${name}" for db "${db}"`)
  return found
}

const text = (value: unknown, field: string): string => {
  if (typeof value === 'string' && value !== '') return value
  throw new CommandError(2, 'BadValue', `${field} must be a text that is not empty`)
}

/** Handlers by command; all answer at once. */
export const accountCommands: Readonly<Record<string, Handler>> = {
  createUser: ({ request, db }, accounts) => {
    const user = text(request['createUser'], 'createUser')
    accounts.addUser({
      user,
      db,
      password: text(request['pwd'], 'pwd'),
      roles: namesIn(request['roles'], db),
    })
    return { ok: 1 }
  },
  updateUser: ({ request, db }, accounts) => {
    accounts.changeUser(String(request['updateUser']), db, {
      ...(request['pwd'] === undefined ? {} : { password: text(request['pwd'], 'pwd') }),
      ...(request['roles'] === undefined ? {} : { roles: namesIn(request['roles'], db) }),
    })
    return { ok: 1 }
  },
  dropUser: ({ request, db }, accounts) => {
    accounts.dropUser(String(request['dropUser']), db)
    return { ok: 1 }
  },
  usersInfo: ({ request, db }, accounts) => {
    const is = wanted(request['usersInfo'], db, 'user')
    return {
      users: accounts
        .users()
        .filter((one) => is(one.user, one.db))
        .map(shownUser),
      ok: 1,
    }
  },
  grantRolesToUser: ({ request, db }, accounts) => {
    const name = String(request['grantRolesToUser'])
    const { roles } = userOf(accounts, name, db)
    const added = namesIn(request['roles'], db).filter((one) => !roles.some((had) => same(had, one)))
    accounts.changeUser(name, db, { roles: [...roles, ...added] })
    return { ok: 1 }
  },
  revokeRolesFromUser: ({ request, db }, accounts) => {
    const name = String(request['revokeRolesFromUser'])
    const taken = namesIn(request['roles'], db)
    const roles = userOf(accounts, name, db).roles.filter((had) => !taken.some((one) => same(had, one)))
    accounts.changeUser(name, db, { roles })
    return { ok: 1 }
  },
  createRole: ({ request, db }, accounts) => {
    accounts.addRole({
      role: text(request['createRole'], 'createRole'),
      db,
      privileges: privilegesIn(request['privileges']),
      roles: namesIn(request['roles'], db),
    })
    return { ok: 1 }
  },
  updateRole: ({ request, db }, accounts) => {
    accounts.changeRole(
      { role: String(request['updateRole']), db },
      {
        ...(request['privileges'] === undefined ? {} : { privileges: privilegesIn(request['privileges']) }),
        ...(request['roles'] === undefined ? {} : { roles: namesIn(request['roles'], db) }),
      },
    )
    return { ok: 1 }
  },
  dropRole: ({ request, db }, accounts) => {
    accounts.dropRole({ role: String(request['dropRole']), db })
    return { ok: 1 }
  },
  rolesInfo: ({ request, db }, accounts) => {
    const is = wanted(request['rolesInfo'], db, 'role')
    const found = accounts.roles().filter((one) => is(one.role, one.db))
    return { roles: found.map((one) => shownRole(one, request['showPrivileges'] === true)), ok: 1 }
  },
}
