import createClient from 'openapi-fetch'
import type { paths } from '#services/api-server/client/api'
import { type Account, openAccount } from './account.ts'
import { Refused } from './answer.ts'

/** The public API, typed by its own document, as the person whom the flags name. */
export const openApi = async (flags: { readonly as: string | undefined }) => {
  const account: Account = await openAccount(flags)
  const client = createClient<paths>({ baseUrl: account.base('/api/v1'), fetch: account.fetch })
  return { account, client } as const
}
export type Api = Awaited<ReturnType<typeof openApi>>['client']

/** The data of an answer. Throws Refused with what the platform said. */
export const data = async <T>(
  answer: Promise<{ readonly data?: T; readonly error?: unknown; readonly response: Response }>,
): Promise<NonNullable<T>> => {
  const { data: value, error, response } = await answer
  if (!response.ok || value === undefined) throw new Refused(response, error)
  return value as NonNullable<T>
}

/** All pages of a list, one after the other, until there are `most`. */
export const collect = async <T>(
  ask: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next?: string | undefined }>,
  most: number,
): Promise<readonly T[]> => {
  const all: T[] = []
  for (let next: string | undefined; ; ) {
    const page = await ask(next)
    all.push(...page.items)
    next = page.next
    if (next === undefined || all.length >= most) return all.slice(0, most)
  }
}
