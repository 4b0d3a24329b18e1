import { buildGraph, reachableFrom } from './graph.ts'
import type { Import, ParsedFile } from './imports.ts'
import type { PureRoom } from './pure-rooms.ts'

/** Members of `Bun` that compute and touch nothing. */
const computing =
  'CryptoHasher|JSONC|SHA256|TOML|Transpiler|YAML|deepEquals|escapeHTML|g(?:un)?zipSync|hash|indexOfLine|inflateSync|semver|stringWidth|stripANSI|zstd(?:De)?[Cc]ompress(?:Sync)?'
/** Clock, randomness, network, files, processes, timers, the terminal and the environment. */
const impure = new RegExp(
  `\\bDate\\.now\\b|\\bnew Date\\b(?!\\([^)])|\\bMath\\.random\\b|\\brandom(?:UUID|Bytes|Int)\\b|\\bgetRandomValues\\b|\\bperformance\\.now\\b|\\bfetch\\(|\\bBun\\.(?!(?:${computing})\\b)[\\w$]+|\\bprocess\\.(?!ts\\b)\\w+|\\bset(?:Timeout|Interval|Immediate)\\(|\\bconsole\\.\\w+|\\bimport\\.meta\\b|\\bimport\\(`,
  'g',
)
/** Packages and built-in modules that compute and touch nothing. */
const pureModules =
  /^(?:@ethereumjs\/rlp|@napi-rs\/blake-hash|@noble\/.*|@scure\/.*|@sinclair\/typebox.*|canonicalize|cli-table3|elysia|micro-eth-signer.*|openpgp|xz-decompress|node:(?:buffer|crypto|path|path\/posix|util|zlib))$|\.(?:json|txt)$/

const loads = ({ imports }: ParsedFile): readonly Import[] => imports.filter(({ kind }) => kind === 'run')

/** The first thing that a file itself touches; undefined for one that only computes. */
const findTouch = (file: ParsedFile, files: ReadonlySet<string>): string | undefined =>
  file.code.match(impure)?.[0] ?? loads(file).find(({ to }) => !files.has(to) && !pureModules.test(to))?.to

/** Why a file is not pure: what touches the world in it, or in a file that it loads. */
type Impurity = { readonly touch: string; readonly through: string }

/** The files that are not pure. */
export const findImpure = (files: readonly ParsedFile[]): ReadonlyMap<string, Impurity> => {
  const paths = new Set(files.map(({ path }) => path))
  const touches = new Map(files.map((file) => [file.path, findTouch(file, paths)]))
  const graph = buildGraph(files.flatMap(loads))
  return new Map(
    files.flatMap(({ path }) => {
      const through = [...reachableFrom(graph, path)].find((reached) => touches.get(reached) !== undefined)
      return through === undefined ? [] : [[path, { touch: touches.get(through) ?? '', through }] as const]
    }),
  )
}

export const isMeant = ({ room, but, only }: PureRoom, path: string): boolean => {
  if (!path.startsWith(room)) return false
  const name = path.slice(room.length)
  return only === undefined ? !but?.includes(name) : only.includes(name)
}
