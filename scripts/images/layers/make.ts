import { platforms } from '../format/platform.ts'
import { baseLayer } from './base.ts'
import { debianLayer } from './debian.ts'
import type { LayerPlan } from './layer-plan.ts'
import type { LayerContent } from './made.ts'
import type { GetPackage } from './packages.ts'
import { addonsLayer, bunLayer, type GetTarball } from './tarballs.ts'

export type Getters = { readonly getPackage: GetPackage; readonly getTarball: GetTarball }

/** The entries of a planned layer. */
export const layerContent = (plan: LayerPlan, { getPackage, getTarball }: Getters): Promise<LayerContent> => {
  const { architecture } = platforms[plan.platform]
  switch (plan.kind) {
    case 'base':
      return baseLayer(plan.packages, getPackage)
    case 'debian':
      return debianLayer(plan.packages, getPackage)
    case 'bun':
      return bunLayer(plan.tarball, architecture, getTarball)
    case 'addons':
      return addonsLayer(plan.files, architecture, getTarball)
  }
}
