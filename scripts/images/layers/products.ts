import * as everything from '#catalog'
import { catalog, type Image } from '#catalog'

/** Something that gets an image: a service of the catalogue, or a tool beside it that listens on no port. */
export type Product = {
  readonly name: string
  readonly phase: 1 | 2 | 3 | 4 | 5
  readonly summary: string
  readonly image: Image
  readonly port: number | undefined
  readonly volumes: readonly string[]
}

type Tool = Pick<Product, 'phase' | 'summary' | 'image'> & { readonly volumes?: Readonly<Record<string, string>> }

/** Tools of the catalogue, when it lists any. */
const tools = (): Readonly<Record<string, Tool>> =>
  'tools' in everything ? (everything.tools as Readonly<Record<string, Tool>>) : {}

/** Everything that gets an image, in the order of phases, by name within one. */
export const products = (): readonly Product[] =>
  [
    ...Object.entries(catalog).map(([name, { phase, summary, image, port, volumes }]) => ({
      name,
      phase,
      summary,
      image,
      port,
      volumes: Object.values(volumes),
    })),
    ...Object.entries(tools()).map(([name, { phase, summary, image, volumes = {} }]) => ({
      name,
      phase,
      summary,
      image,
      port: undefined,
      volumes: Object.values(volumes),
    })),
  ].toSorted((a, b) => a.phase - b.phase || (a.name < b.name ? -1 : 1))
