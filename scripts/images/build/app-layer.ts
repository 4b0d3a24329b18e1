import { LUCID } from '../../plan/images/base.ts'
import type { Product } from '../../plan/images/contents.ts'
import { file, folder, withFolders } from '../layers/entries.ts'
import type { LayerContent } from '../layers/made.ts'

/**
 * Bun looks for this where it is started. Without it a package that is not in the bundle would be fetched from npm
 * at run time, and a file called .env would be read.
 */
const BUNFIG = ['env = false', 'telemetry = false', '', '[install]', 'auto = "disable"', ''].join('\n')

/** Folders of ours that a new volume takes its owner from; the service's own is there without a volume too. */
const ownFolders = ({ name, port, volumes }: Product): readonly string[] => [
  ...new Set([
    ...volumes.map((path) => path.replace(/^\//, '')),
    ...(port === undefined ? [] : [`data/${name}`]),
  ]),
]

/** The layer with the program itself: the same for every platform. */
export const appLayer = (
  product: Product,
  program: Readonly<Record<string, Uint8Array>>,
  health: Readonly<Record<string, Uint8Array>>,
): LayerContent => ({
  title: product.name,
  entries: withFolders([
    ...Object.entries({ ...program, ...(product.port === undefined ? {} : health) }).map(([name, bytes]) =>
      file(`app/${name}`, bytes),
    ),
    file('app/bunfig.toml', BUNFIG),
    ...ownFolders(product).map((path) => folder(path, { mode: 0o700, owner: LUCID })),
  ]),
  components: [],
})
