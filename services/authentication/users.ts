import { entityTag, requireMatch } from '#common/http/etag'
import type { User } from './model.ts'
import type { AccountDoc } from './store.ts'

/** An account as others see it. */
export const showUser = ({ id, roles, status, created_at, email }: AccountDoc): User => ({
  address: id,
  roles: [...roles],
  status,
  created_at,
  ...(email !== undefined && { email }),
})

/** Passes accounts that are as the caller read them: If-Match names the tag of what was answered. Throws as `requireMatch`. */
export const requireKnown =
  (headers: Readonly<Record<string, string | undefined>>) =>
  (known: AccountDoc | undefined): void =>
    requireMatch(headers['if-match'] ?? null, known && entityTag(showUser(known)))
