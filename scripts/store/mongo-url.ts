const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)[^?]*(\?.*)?$/

/** A MongoDB connection string with another database. */
export const withDatabase = (url: string, database: string): string => {
  const [, server = url, query = ''] = parts.exec(url) ?? []
  return `${server}/${database}${query}`
}
