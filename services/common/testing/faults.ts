/** What a call threw, or the text `no fault`. For tests on faults. */
export const faultOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
    return 'no fault'
  } catch (error) {
    return error
  }
}

/** A copy of the bytes with one bit changed. `bit` counts from the first byte's lowest. */
export const flipIn = (bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> => {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
