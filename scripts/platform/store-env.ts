/** An environment, as processes have it. */
export type Ambient = Readonly<Record<string, string | undefined>>

/**
 * The environment with one place for documents: the database at `url`, or the services' own folders when it is
 * undefined. Nothing that was said of another database stays.
 */
export const withStore = (ambient: Ambient, url: string | undefined): Ambient => ({
  ...Object.fromEntries(Object.entries(ambient).filter(([key]) => !key.startsWith('MONGO_'))),
  ...(url !== undefined && { MONGO_URL: url }),
})
