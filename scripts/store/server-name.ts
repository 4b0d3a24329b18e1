/** What a server says of itself when asked `buildInfo`, as far as it tells who it is. */
export type BuildInfo = {
  readonly version?: string
  readonly gitVersion?: string
  readonly modules?: readonly string[]
  readonly storageEngines?: readonly string[]
}

const says = (info: BuildInfo, name: RegExp): boolean =>
  name.test([info.gitVersion, ...(info.modules ?? []), ...(info.storageEngines ?? [])].join(' '))

/** What results are headed with. Only a server that has MongoDB's own storage engine is called MongoDB. */
export const serverName = (info: BuildInfo): string => {
  if (says(info, /documentdb/i)) return 'MongoDB driver against DocumentDB'
  const own = info.storageEngines?.includes('wiredTiger') && /^[0-9a-f]{40}$/.test(info.gitVersion ?? '')
  return own ? `MongoDB ${info.version ?? 'of unknown version'}` : 'MongoDB driver against a server that is not known'
}
