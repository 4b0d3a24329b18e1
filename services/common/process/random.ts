/** The machine's own randomness: so many fresh bytes. */
export const machineRandom = (size: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(size))
