/** Files that are bundled as their text, `with { type: 'text' }`. */
declare module '*/page/start.js' {
  const text: string
  export = text
}
declare module '*.svg' {
  const text: string
  export = text
}
declare module '*.css' {
  const text: string
  export = text
}
declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const text: string
  export = text
}
declare module 'swagger-ui-dist/swagger-ui.css' {
  const text: string
  export = text
}
declare module 'swagger-ui-dist/LICENSE' {
  const text: string
  export = text
}
declare module 'swagger-ui-dist/NOTICE' {
  const text: string
  export = text
}
