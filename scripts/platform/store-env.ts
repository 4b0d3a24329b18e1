/** An environment, as processes have it. */
export type Ambient = Readonly<Record<string, string | undefined>>

/** The environment with documents in the database at `url`, or in the services' own folders, and nowhere else. */
export const withStore = (ambient: Ambient, url: string | undefined): Ambient => ({
  ...Object.fromEntries(Object.entries(ambient).filter(([key]) => !key.startsWith('MONGO_'))),
  ...(url !== undefined && { MONGO_URL: url }),
})
