type Choice = { readonly only: string | undefined; readonly phase: string | undefined }

/** The names that `--only a,b` and `--phase N` leave, in the order of the build, or what is wrong with them. */
export const selectNames = (
  products: readonly { readonly name: string; readonly phase: number }[],
  { only, phase }: Choice,
): { readonly names: readonly string[] } | { readonly fault: string } => {
  const known = products.map(({ name }) => name)
  const named = only
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = named?.find((name) => !known.includes(name))
  if (unknown !== undefined) return { fault: `there is no image ${unknown}; there are ${known.join(', ')}` }
  const names = products
    .filter((product) => named === undefined || named.includes(product.name))
    .filter((product) => phase === undefined || product.phase === Number(phase))
    .map(({ name }) => name)
  return names.length > 0 ? { names } : { fault: 'no image is in that phase' }
}
