/** A map of at most `most` texts: what was set longest ago is forgotten for what is new. */
export const boundedMap = <V>(most: number) => {
  const entries = new Map<string, V>()
  return {
    get: (key: string): V | undefined => entries.get(key),
    delete: (key: string): boolean => entries.delete(key),
    set: (key: string, value: V): void => {
      entries.delete(key)
      entries.set(key, value)
      const [oldest] = entries.keys()
      if (entries.size > most && oldest !== undefined) entries.delete(oldest)
    },
  }
}
