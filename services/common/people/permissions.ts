import { Type } from '@sinclair/typebox'

/** What a person may do, and by which role: SPEC section 7, the one table. */

export const permissions = [
  'session_create',
  'session_join',
  'session_observe',
  'session_terminate',
  'policy_manage',
  'audit_view',
  'data_export',
  'admin_access',
] as const
export type Permission = (typeof permissions)[number]

const user = ['session_create', 'session_join', 'session_observe', 'audit_view'] as const
const nodeWorker = [...user, 'session_terminate', 'data_export'] as const

export const roles = {
  user,
  node_worker: nodeWorker,
  observer: ['session_observe', 'audit_view'],
  dev: [...nodeWorker, 'policy_manage'],
  admin: permissions,
  server: permissions,
} as const satisfies Readonly<Record<string, readonly Permission[]>>
export type Role = keyof typeof roles

export const Role = Type.Unsafe<Role>(
  Type.Union(
    Object.keys(roles).map((role) => Type.Literal(role)),
    { description: 'role' },
  ),
)

/** True when at least one of the roles has the permission. */
export const mayDo = (held: readonly string[], permission: Permission): boolean =>
  held.some((role) => Object.hasOwn(roles, role) && (roles[role as Role] as readonly Permission[]).includes(permission))
