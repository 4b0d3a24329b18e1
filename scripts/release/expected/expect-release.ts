import { stacks } from '#catalog'
import { networks } from '../../derive/network.ts'
import { interpolateAll } from '../content/interpolate.ts'
import { type Bundle, composeFile } from '../content/release.ts'
import { type ComposeFile, type Expected, expectFromCompose } from './compose.ts'

/** What a release wants of a host, read from its own Compose files: they are complete, so no Compose is needed for it. */
export const expectRelease = ({ release, files }: Pick<Bundle, 'release' | 'files'>): Expected =>
  expectFromCompose(
    stacks.flatMap((stack): readonly ComposeFile[] => {
      const text = files[composeFile(stack)]
      return text === undefined ? [] : [{ stack, file: interpolateAll(Bun.YAML.parse(text), {}), hashes: {} }]
    }),
    { needs: {}, planned: networks, release: release.id },
  )
