import type { TarEntry } from '#common/stream/tar'
import { baseFolders, LUCID } from '../layers/base-contents.ts'
import { file, folder, withFolders } from '../layers/entries.ts'
import type { LayerContent } from '../layers/layer.ts'
import type { Product } from '../layers/products.ts'

/** Bun reads this where it is started: without it, packages would be fetched at run time and a .env be read. */
const BUNFIG = ['env = false', 'telemetry = false', '', '[install]', 'auto = "disable"', ''].join('\n')

/** Chunks from this size on, bytes, are a layer each: several services have the same driver, and it seldom changes. */
const LARGE = 256 * 1024

/** Folders of ours that a new volume takes its owner from; the service's own is there without a volume too. */
const ownFolders = ({ name, port, volumes }: Product): readonly string[] => [
  ...new Set([...volumes.map((path) => path.replace(/^\//, '')), ...(port === undefined ? [] : [`data/${name}`])]),
]

const layer = (title: string, entries: readonly TarEntry[]): LayerContent => ({
  title,
  entries: withFolders(entries),
  components: [],
  own: entries.map(({ path }) => path).filter((path) => baseFolders[path] === undefined),
})

/** The layers with the program itself, the same for every platform: its large chunks, then all else. */
export const planAppLayers = (
  product: Product,
  program: Readonly<Record<string, Uint8Array>>,
  health: Readonly<Record<string, Uint8Array>>,
): readonly LayerContent[] => {
  const isLarge = ([name, bytes]: readonly [string, Uint8Array]) => name !== 'main.js' && bytes.length >= LARGE
  const chunks = Object.entries(program).filter(isLarge)
  const rest = Object.entries(program).filter((one) => !isLarge(one))
  const files = [...rest, ...(product.port === undefined ? [] : Object.entries(health))]
  return [
    ...chunks.map(([name, bytes]) => layer(name, [file(`app/${name}`, bytes)])),
    layer(product.name, [
      ...files.map(([name, bytes]) => file(`app/${name}`, bytes)),
      file('app/bunfig.toml', BUNFIG),
      ...ownFolders(product).map((path) => folder(path, { mode: 0o700, owner: LUCID })),
    ]),
  ]
}
