/** Values by key up to a number of bytes; the least recently used go first. */
export const recent = (maxBytes: number) => {
  const values = new Map<string, Uint8Array>()
  let bytes = 0
  const sizeOf = (key: string, value: Uint8Array) => key.length + value.length
  const drop = (key: string) => {
    const value = values.get(key)
    if (value === undefined) return
    values.delete(key)
    bytes -= sizeOf(key, value)
  }
  const set = (key: string, value: Uint8Array) => {
    drop(key)
    values.set(key, value)
    bytes += sizeOf(key, value)
    for (const oldest of values.keys()) {
      if (bytes <= maxBytes) return
      drop(oldest)
    }
  }
  const get = (key: string): Uint8Array | undefined => {
    const value = values.get(key)
    if (value !== undefined) {
      values.delete(key) // a Map keeps insertion order: the most recently used is last
      values.set(key, value)
    }
    return value
  }
  return { get, set, bytes: () => bytes }
}
