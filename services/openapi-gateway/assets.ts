import license from 'swagger-ui-dist/LICENSE' with { type: 'text' }
import notice from 'swagger-ui-dist/NOTICE' with { type: 'text' }
import swaggerStyle from 'swagger-ui-dist/swagger-ui.css' with { type: 'text' }
import swaggerScript from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'text' }
import notices from 'swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt' with { type: 'text' }
import icon from './page/icon.svg' with { type: 'text' }
import page from './page/index.html' with { type: 'text' }
import style from './page/lucid.css' with { type: 'text' }
import start from './page/start.js' with { type: 'text' }

/** A file of the page, ready to be sent. */
export type Asset = {
  readonly type: string
  readonly etag: string
  readonly plain: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer>
}

const asset = (type: string, text: string): Asset => {
  const plain = new TextEncoder().encode(text)
  const digest = new Bun.CryptoHasher('sha256').update(plain).digest('hex')
  return { type, etag: `"${digest.slice(0, 32)}"`, plain, gzip: Bun.gzipSync(plain) }
}

/** The comment at the end names a map that is not served; a browser's tools would ask for it. */
const unmapped = (text: string): string => text.replace(/\n?\/[/*]# sourceMappingURL=\S+(?: \*\/)?\s*$/, '\n')

const licences = `This page is drawn by Swagger UI (npm swagger-ui-dist), under the Apache License 2.0.

${notice}
${license}

Parts of it:

${notices}`

export const PAGE = 'index.html'

/** Everything the page is made of, by name: in the bundle of the service, so that nothing is fetched elsewhere. */
export const assets: ReadonlyMap<string, Asset> = new Map([
  [PAGE, asset('text/html; charset=utf-8', page as unknown as string)],
  ['start.js', asset('text/javascript; charset=utf-8', start)],
  ['lucid.css', asset('text/css; charset=utf-8', style)],
  ['icon.svg', asset('image/svg+xml', icon)],
  ['swagger-ui.css', asset('text/css; charset=utf-8', unmapped(swaggerStyle))],
  ['swagger-ui-bundle.js', asset('text/javascript; charset=utf-8', unmapped(swaggerScript))],
  ['licences.txt', asset('text/plain; charset=utf-8', licences)],
])
