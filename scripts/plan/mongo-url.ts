const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)[^?]*(\?.*)?$/

/** A MongoDB connection string with another database. */
export const withDatabase = (url: string, database: string): string => {
  const [, server = url, query = ''] = parts.exec(url) ?? []
  return `${server}/${database}${query}`
}

/** Its hosts, for people: nothing of it that could be secret. */
export const hostsOf = (url: string): string =>
  /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1] ?? '?'
