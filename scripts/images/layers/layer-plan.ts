import { type Platform, platforms } from '../format/platform.ts'
import {
  type ImagesLock,
  type LockedPackage,
  type LockedTarball,
  lockedClosure,
  lockedPackage,
  lockedTarball,
} from '../lock/lock.ts'
import { ADDONS, addonFile, addons } from './addons.ts'
import { basePackages } from './base-contents.ts'
import type { Product } from './products.ts'

/** The layers of an image that do not depend on our sources. Pure: catalogue and lock in, plans out. */

export type NamedPackage = LockedPackage & { readonly name: string }
export type NamedTarball = LockedTarball & { readonly name: string }

/** Everything that decides the bytes of a layer; equal plans give equal layers. */
export type LayerPlan =
  | { readonly kind: 'base'; readonly platform: Platform; readonly packages: readonly NamedPackage[] }
  | { readonly kind: 'debian'; readonly platform: Platform; readonly packages: readonly NamedPackage[] }
  | { readonly kind: 'bun'; readonly platform: Platform; readonly tarball: NamedTarball }
  | {
      readonly kind: 'addons'
      readonly platform: Platform
      readonly files: readonly { readonly path: string; readonly tarball: NamedTarball }[]
    }

const packagesOf = ({ image }: Product, lock: ImagesLock, platform: Platform): readonly string[] =>
  lockedClosure(
    lock,
    platforms[platform].architecture,
    [...image.packages, ...image.addons.flatMap((name) => addons[name]?.packages ?? [])],
    Object.keys(basePackages),
  )

/** Packages that the same products hold share a layer, so that an image has few (engines allow about 120). */
export const packageGroups = (
  products: readonly Product[],
  lock: ImagesLock,
  platform: Platform,
): readonly { readonly packages: readonly string[]; readonly products: readonly string[] }[] => {
  const holders = new Map<string, string[]>()
  for (const product of products)
    for (const name of packagesOf(product, lock, platform))
      holders.set(name, [...(holders.get(name) ?? []), product.name])
  const groups = Map.groupBy([...holders.keys()].sort(), (name) => JSON.stringify(holders.get(name)))
  return [...groups]
    .map(([key, packages]) => ({ packages, products: JSON.parse(key) as readonly string[] })) // written two lines above
    .toSorted(
      (a, b) => b.products.length - a.products.length || ((a.packages[0] ?? '') < (b.packages[0] ?? '') ? -1 : 1),
    )
}

/** The shared layers of each product's image on a platform, lowest first; the layer of our own bundle comes above. */
export const sharedLayers = (
  products: readonly Product[],
  lock: ImagesLock,
  platform: Platform,
): ReadonlyMap<string, readonly LayerPlan[]> => {
  const { architecture, bun, addonSuffix } = platforms[platform]
  const named = (name: string): NamedPackage => ({ name, ...lockedPackage(lock, architecture, name) })
  const tarball = (name: string): NamedTarball => ({ name, ...lockedTarball(lock, name) })
  const base: LayerPlan = { kind: 'base', platform, packages: Object.keys(basePackages).sort().map(named) }
  const runtime: LayerPlan = { kind: 'bun', platform, tarball: tarball(bun) }
  const groups = packageGroups(products, lock, platform).map((group) => ({
    ...group,
    plan: { kind: 'debian', platform, packages: group.packages.map(named) } as const,
  }))
  return new Map(
    products.map(({ name, image }) => [
      name,
      [
        base,
        runtime,
        ...groups.filter((group) => group.products.includes(name)).map(({ plan }) => plan),
        ...(image.addons.length === 0
          ? []
          : [
              {
                kind: 'addons' as const,
                platform,
                files: [...image.addons]
                  .sort()
                  .map((addon) => ({
                    path: `${ADDONS}/${addonFile(addon)}`,
                    tarball: tarball(`${addon}${addonSuffix}`),
                  })),
              },
            ]),
      ],
    ]),
  )
}
